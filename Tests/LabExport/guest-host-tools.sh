# shellcheck shell=sh disable=SC2010 # Paths without blanks.
# Three exports for the host's tools: to be written, read-only, and over an overlay. The console gives the secrets once they
# are there; on port 10 the host says that it is done, with a session still open.
ip addr add 198.51.100.1/24 dev eth0
bad=0
complain() { echo "BAD: $*"; cat /tmp/said; bad=1; }
davit export /dev/vda /dev/vdb --name t >/tmp/said 2>&1 || complain "the export failed"
# As an older davit would have made it, whose targets had no secret of their own: the script asks for none, and the same
# export again gives it one.
davit export client t | grep -q password_in || complain "the script does not ask the target for its secret"
for auth in /sys/kernel/config/target/iscsi/*:t/tpgt_1/auth /sys/kernel/config/target/iscsi/discovery_auth; do
    echo NULL >"$auth/userid_mutual"
    echo NULL >"$auth/password_mutual"
done
rm /run/davit/export/target-secret
sed -i '/"mutual"/d' /run/davit/export/t.json
davit export client t >/tmp/said || complain "there is no script for what an older davit has made"
grep -q password_in /tmp/said && complain "a target without a secret is asked for one"
davit export /dev/vda /dev/vdb --name t >/tmp/said 2>&1 || complain "what an older davit has made cannot be made anew"
grep -q 'nothing was changed' /tmp/said && complain "it is not seen that the target has no secret"
davit export client t >/tmp/said
grep -q password_in /tmp/said || complain "the target that was made anew is not asked for its secret"
for auth in /sys/kernel/config/target/iscsi/*:t/tpgt_1/auth /sys/kernel/config/target/iscsi/discovery_auth; do
    [ "$(cat "$auth/authenticate_target")" = 1 ] || complain "the target cannot prove itself by $auth"
done
davit export /dev/vda /dev/vdb --name t >/tmp/said 2>&1
grep -q 'nothing was changed' /tmp/said || complain "the same export again changed something"
ls -l /run/davit/export >/tmp/said
[ "$(grep -c '^-rw------- .*secret$' /tmp/said)" = 2 ] || complain "the two secrets are not for root alone"
davit export /dev/vdc --name fixed --read-only >/tmp/said 2>&1 || complain "the read-only export failed"
davit export /dev/vdd --name over --overlay 96M >/tmp/said 2>&1 || complain "the export with an overlay failed"
echo "SECRET $(cat /run/davit/export/secret)"
echo "SECRET-OF-TARGET $(cat /run/davit/export/target-secret)"
echo SERVING
nc -l -p 10 </dev/null
# The host's session is only being opened when it says so.
tries=0
until davit export status >/tmp/said && grep -q 'logged in: iqn.2008-11.org.linux-kvm' /tmp/said; do
    tries=$((tries + 1))
    [ $tries -lt 240 ] || { complain "status does not say who is logged in"; break; }
    sleep 0.5
done
davit export stop --all >/tmp/said 2>&1 && complain "stop threw writes away unasked"
grep -q "The overlay of 'over' holds" /tmp/said || complain "stop does not say what it would throw away"
grep -q 'Logged out iqn.2008-11.org.linux-kvm' /tmp/said || complain "stop does not say whom it logged out"
grep -q '/dev/vdb is free' /tmp/said || complain "the disks are not free"
davit export stop --all --discard >/tmp/said 2>&1 || complain "stop --discard failed"
ls /run/davit/export /sys/kernel/config/target/core | grep -v -e : -e '^$' -e '^lock$' -e '^alua$' >/tmp/said && complain "something was left"
[ $bad = 0 ] && echo "STORY GOOD"
