# shellcheck shell=sh disable=SC2046,SC2086,SC2012 # Words of /options; paths without blanks.
# Linux 6.12 with open-iscsi: what a person does there with the script that davit prints.
for module in iscsi_tcp sd_mod crc32c_generic bcachefs; do davit modules load $module >/dev/null; done
ip addr add 198.51.100.2/24 dev eth0
/sbin/iscsid
bad=0
# fetched PORT FILE: a whole script, which its last line says.
fetched() {
    tries=0
    until nc 198.51.100.1 "$1" >"$2" 2>/dev/null && tail -n 1 "$2" | grep -q main; do
        tries=$((tries + 1))
        [ $tries -lt 240 ] || break
        sleep 1
    done
}
# gone WORDS COMMAND...: until COMMAND fails; what is taken away may go a moment behind who said so.
gone() {
    words=$1 tries=0
    shift
    while "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -ge 240 ]; then
            echo "BAD: $words"
            bad=1
            return
        fi
        sleep 0.5
    done
}
# tell PORT: the exporting host, which listens there when it is so far.
tell() {
    tries=0
    until nc 198.51.100.1 "$1" </dev/null 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -ge 400 ]; then
            echo "BAD: nobody listens on port $1"
            bad=1
            return
        fi
        sleep 0.5
    done
}
fetched 9 /tmp/client.sh
fetched 11 /tmp/through-ssh.sh
sh /tmp/client.sh || { echo "BAD: the script failed"; bad=1; }
sh /tmp/client.sh | grep -q 'Already logged in' || { echo "BAD: the script a second time failed"; bad=1; }
letter=a
for disk in /dev/sd?; do
    echo "SUM $letter $(md5sum <$disk)"
    [ "$(cat /sys/block/${disk#/dev/}/queue/discard_max_bytes)" = 0 ] || { echo "BAD: $disk can be discarded"; bad=1; }
    letter=$(echo $letter | tr a-y b-z)
done
if mount -t bcachefs -o fsck,fix_errors "$(echo /dev/sd? | tr ' ' :)" /mnt; then
    # Whoever made the file system left in it what its files hold.
    (cd /mnt/home && md5sum -c ../SUMS) >/tmp/sums 2>&1 || { echo "BAD: files are not what they were"; grep -v ': OK$' /tmp/sums; bad=1; }
    whole=$(grep -c ': OK$' /tmp/sums)
    echo "WHOLE $whole"
    [ "$whole" = 62 ] || { echo "BAD: $whole of 62 files were found whole"; bad=1; }
    for disk in /dev/sd?; do
        davit export "$disk" --name again --listen 198.51.100.2 >/tmp/said 2>&1 && { echo "BAD: $disk of what is mounted was exported"; bad=1; }
        grep -q "is mounted on /mnt\|is a member of the mounted bcachefs" /tmp/said || { echo "BAD: that $disk is mounted is not said"; cat /tmp/said; bad=1; }
    done
    umount /mnt
else
    echo "BAD: mount failed"
    bad=1
fi
sh /tmp/client.sh --stop || { echo "BAD: --stop failed"; bad=1; }
gone "disks are left" ls /dev/sd?

# Somebody stands in for the exporting host, and does not know its secret: there is no login, and nothing of it is left.
tell 12
tell 13
sh /tmp/client.sh >/tmp/said 2>&1 && { echo "BAD: logged in to a target that does not know its secret"; bad=1; }
grep -q " at 198.51.100.1:3260 was broken off, as it is when one of the two hosts does not know the other's secret" /tmp/said ||
    { echo "BAD: it is not said that the target cannot prove itself"; cat /tmp/said; bad=1; }
if ls /dev/sd? 2>/dev/null || iscsiadm -m session 2>/dev/null; then echo "BAD: a session with it is there"; bad=1; fi
tell 14
tell 15

# The same through ssh, with OpenSSH's client and davit's server.
chmod 0700 /root /root/.ssh
sh /tmp/through-ssh.sh || { echo "BAD: the script through ssh failed"; bad=1; }
[ "$(ls /dev/sd? | wc -l)" = 3 ] || { echo "BAD: not all disks came through ssh"; bad=1; }
[ "$(cat /sys/class/iscsi_connection/*/address)" = 127.0.0.1 ] || { echo "BAD: it does not go through ssh"; bad=1; }
sh /tmp/through-ssh.sh --stop || { echo "BAD: --stop through ssh failed"; bad=1; }
gone "disks are left" ls /dev/sd?
gone "ssh still runs" test -e /run/davit-members.ssh
tell 10
[ $bad = 0 ] && echo "STORY GOOD"
