# shellcheck shell=sh disable=SC2046,SC2231,SC2010 # Words of /options; paths without blanks.
# Three disks; the addresses are on the loopback.
ip addr add 192.0.2.5/24 dev lo
tree=/sys/kernel/config/target
export_disks() { davit export /dev/vda /dev/vdb /dev/vdc --name t --listen 192.0.2.5 $(cat /options); }
# Everything that configfs holds of the target, without the secrets, which are others each time.
picture() {
    find $tree -not -path '*statistics*' -not -path '*alua*' | sort
    for file in $tree/core/iblock_*/*/info $tree/core/iblock_*/*/wwn/vpd_unit_serial \
        $tree/iscsi/*/tpgt_1/attrib/* $tree/iscsi/*/tpgt_1/enable $tree/iscsi/*/tpgt_1/param/AuthMethod \
        $tree/iscsi/*/tpgt_1/auth/[au]* $tree/iscsi/*/tpgt_1/acls/*/auth/[au]* $tree/iscsi/discovery_auth/[aeu]*; do
        [ -f "$file" ] || continue
        echo "$file"
        grep -v 'Max Queue' "$file"
    done
}
# What is left of any export; the lock's file may stay.
left() { ls $tree/core $tree/iscsi /run/davit/export 2>/dev/null | grep -v -e '^alua$' -e '^lock$' -e ':$' -e '^$'; }
bad=0
complain() { echo "BAD: $*"; cat /tmp/said; bad=1; }
# killed N COMMAND...: whether COMMAND was killed after its Nth change.
killed() {
    number=$1
    shift
    DAVIT_EXPORT_KILL_AFTER=$number "$@" >/tmp/said 2>&1
    ended=$?
    [ $ended = 137 ] && return 0
    [ $ended = 0 ] || complain "'$*' ended with $ended"
    return 1
}
export_disks >/tmp/said 2>&1 || complain "the first apply failed"
picture >/tmp/whole
# The group, each list and discovery have both secrets: the kernel's word for it.
for auth in $tree/iscsi/*/tpgt_1/auth $tree/iscsi/*/tpgt_1/acls/*/auth $tree/iscsi/discovery_auth; do
    [ "$(cat "$auth/authenticate_target")" = 1 ] || complain "the target cannot prove itself by $auth"
    [ "$(cat "$auth/password_mutual")" != "$(cat "$auth/password")" ] || complain "both secrets of $auth are the same"
done
davit export stop >/dev/null

# Killed after every single change: each run adds one, behind the first few that every run makes, and is killed.
n=0
while killed 4 export_disks; do
    n=$((n + 1))
    [ $n -lt 200 ] || break
done
picture | diff - /tmp/whole >/tmp/said || complain "apply that was killed after each of its changes made something else"
if [ $n -le 40 ] || [ $n -ge 200 ]; then complain "apply came to no end, or was killed too seldom: $n"; fi
echo "apply: killed after every single change, $n times, to the end"
n=0
while killed 2 davit export stop; do
    n=$((n + 1))
    [ $n -lt 200 ] || break
done
left >/tmp/said && complain "something was left of a stop that was killed after each of its changes"
if [ $n -le 20 ] || [ $n -ge 200 ]; then complain "stop came to no end, or was killed too seldom: $n"; fi
echo "stop: killed after every single change, $n times, to the end"

n=1
while killed $n export_disks; do
    export_disks >/tmp/said 2>&1 || complain "apply after a kill at $n failed"
    picture | diff - /tmp/whole >/tmp/said || complain "apply after a kill at $n made something else"
    export_disks >/tmp/said 2>&1
    grep -q 'nothing was changed' /tmp/said || complain "a second apply after a kill at $n changed something"
    davit export stop >/tmp/said 2>&1 || complain "stop after that failed"
    left >/tmp/said && complain "something was left"
    n=$((n + $(cat /stride)))
done
davit export stop >/dev/null
echo "apply: killed after changes up to $n, then run again"

n=1
while killed $n export_disks; do
    davit export stop >/tmp/said 2>&1 || complain "stop of the half-built state $n failed"
    left >/tmp/said && complain "something was left of the half-built state $n"
    n=$((n + $(cat /stride)))
done
davit export stop >/dev/null
echo "stop: from half-built states up to change $n"

n=1
while export_disks >/dev/null; killed $n davit export stop; do
    if [ $((n % 2)) = 0 ]; then
        export_disks >/tmp/said 2>&1 || complain "apply after a stop killed at $n failed"
        picture | diff - /tmp/whole >/tmp/said || complain "apply after a stop killed at $n made something else"
    fi
    davit export stop >/tmp/said 2>&1 || complain "stop after a stop killed at $n failed"
    left >/tmp/said && complain "something was left after a stop killed at $n"
    n=$((n + $(cat /stride)))
done
echo "stop: killed after changes up to $n, then run again, or apply"
[ $bad = 0 ] && echo "STORY GOOD"
