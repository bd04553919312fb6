# shellcheck shell=sh disable=SC2046,SC2086,SC2012 # Words of /options; paths without blanks.
# Exports what /options says, under davit's supervisor; gives the newer host its scripts on ports 9 and 11, and stops when it
# is told on port 10.
ip addr add 198.51.100.1/24 dev eth0
# The newer host has no way to this one, and its script goes on to the next.
ip addr add 192.0.2.5/32 dev lo
md5sum /dev/vd? | sed 's,/dev/vd,SUM ,'
mkdir -p /etc/davit
cp /client-key.pub /etc/davit/authorized_keys
davit keygen /etc/davit >/dev/null
davit supervise >/dev/null 2>&1 &
# Killed half way: the supervisor goes on with it.
DAVIT_EXPORT_KILL_AFTER=20 davit export $(cat /options) --listen 192.0.2.5 --listen 198.51.100.1 --listen 127.0.0.1 >/dev/null
[ $? = 137 ] || echo "BAD: the export was not killed"
tries=0
until davit export status | grep -q 'is exported, for'; do
    tries=$((tries + 1))
    if [ $tries -ge 400 ]; then
        echo "BAD: the supervisor does not go on with the export: $(davit export status)"
        break
    fi
    sleep 0.5
done
davit export client >/tmp/client.sh || echo "BAD: there is no script"
davit export client --through-ssh root@198.51.100.1 >/tmp/through-ssh.sh || echo "BAD: there is no script through ssh"
echo SERVING
nc -l -p 9 -e cat /tmp/client.sh
nc -l -p 11 -e cat /tmp/through-ssh.sh
# Told so on port 12 it shows a secret that is not its own, as somebody would who stands in for it; told so on port 14, its
# own again. On 13 and 15 it says that this is done.
auth=$(echo /sys/kernel/config/target/iscsi/*/tpgt_1/auth)
again() { davit export $(cat /options) --listen 192.0.2.5 --listen 198.51.100.1 --listen 127.0.0.1 "$@"; }
nc -l -p 12 </dev/null
echo 23456789abcdefghijkmnpqr >"$auth/password_mutual"
nc -l -p 13 </dev/null
nc -l -p 14 </dev/null
again --dry-run | grep -v '^#' >/tmp/said
[ "$(sed 's,iscsi/.*/tpgt_1/,,' /tmp/said)" = "echo (the target's own secret) > auth/password_mutual" ] ||
    echo "BAD: what would be changed is not the secret alone: $(cat /tmp/said)"
again >/dev/null || echo "BAD: the secret cannot be mended"
nc -l -p 15 </dev/null
nc -l -p 10 </dev/null
davit export status
davit export stop || echo "BAD: stop failed"
davit export status
davit supervise --stop >/dev/null || echo "BAD: the supervisor does not end"
md5sum /dev/vd? | sed 's,/dev/vd,AFTER ,'
for disk in /dev/vd?; do dd if=$disk of=/dev/null bs=4096 count=1 2>/dev/null || echo "BAD: $disk cannot be read"; done
