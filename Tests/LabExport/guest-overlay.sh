# shellcheck shell=sh disable=SC2086,SC2010 # Words of $how; names without blanks.
# Overlays: the disks stay as they are until the commit; every change can be the last, and the same command goes on.
ip addr add 192.0.2.5/24 dev lo
bad=0
complain() { echo "BAD: $*"; cat /tmp/said; bad=1; }
# From the disks, not from what the kernel remembers of them.
sums() {
    echo 3 >/proc/sys/vm/drop_caches
    md5sum /dev/vda /dev/vdb /dev/vdc
}
lay() { davit export /dev/vda /dev/vdb /dev/vdc --name t --listen 192.0.2.5 --overlay 8M $how; }
# The node that is exported for LUN $1 of the export $2; the target has it exclusively, and writes like this one reach it all the same.
node() { sed -n 's/.*"overlayNode": *"\([^"]*\)".*/\1/p' "/run/davit/export/${2-t}.json" | sed -n "$1p"; }
write() { dd if=/tmp/new of="$(node "$1")" bs=64k seek=16 conv=fsync 2>/tmp/said || complain "LUN $1 cannot be written"; }
written() { dd if="$1" bs=64k skip=16 count=32 2>/dev/null | cmp -s - /tmp/new; }
# Whether anything is left of an overlay: mappings, loop devices, mounts, files of davit; it is in /tmp/said then.
left() {
    {
        find /dev/mapper /run/davit/export -type f -o -type b -o -type l -o -name '*.overlay' | grep -v '/lock$'
        losetup -a
        find /sys/block -name 'dm-*'
        mount | grep davit
    } >/tmp/said 2>/dev/null
    [ -s /tmp/said ]
}
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
dd if=/dev/urandom of=/tmp/new bs=64k count=32 2>/dev/null
# Something to be known by after a reboot, without which no file keeps their writes.
for disk in vda vdb vdc; do mke2fs /dev/$disk >/dev/null 2>&1; done
sums >/tmp/before

how=
lay >/tmp/said 2>&1 || complain "the export failed"
lay >/tmp/said 2>&1
grep -q 'nothing was changed' /tmp/said || complain "a second export changed something"
left || complain "what an overlay leaves is not seen"
write 2
written "$(node 2)" || complain "what was written cannot be read again"
davit export status >/tmp/said
grep -q 'the overlay of LUN 2 holds 2.0 MiB of 8.0 MiB' /tmp/said || complain "status does not say how full it is"
sums | cmp -s - /tmp/before || complain "a disk was written to"
davit export stop >/tmp/said 2>&1 && complain "stop threw writes away unasked"
grep -q 'holds 2.0 MiB that the other host wrote' /tmp/said || complain "stop does not say what it would throw away"
davit export commit </dev/null >/tmp/said 2>&1 && complain "commit without --yes wrote"
sums | cmp -s - /tmp/before || complain "a disk was written to"
davit export stop --discard >/tmp/said 2>&1 || complain "stop --discard failed"
left && complain "something was left"
sums | cmp -s - /tmp/before || complain "the disks are not byte for byte as before"
echo "read-write through the overlay, disks byte for byte as before"

lay >/tmp/said 2>&1 || complain "the export failed"
dd if=/dev/zero of="$(node 3)" bs=64k count=160 conv=fsync 2>/dev/null && complain "more than the room was written"
davit export status >/tmp/said
grep -q 'the overlay of LUN 3 IS FULL' /tmp/said || complain "status does not say that it is full"
davit export commit --yes >/tmp/said 2>&1 && complain "an overlay that overflowed was committed"
grep -q 'did not fit into it' /tmp/said || complain "commit does not say why not"
davit export stop --discard >/tmp/said 2>&1 || complain "stop of a full one failed"
sums | cmp -s - /tmp/before || complain "the disks are not byte for byte as before"
echo "overflow: said, not committed, disks byte for byte as before"

n=1
while killed $n lay; do
    if [ $((n % 2)) = 0 ]; then
        lay >/tmp/said 2>&1 || complain "apply after a kill at $n failed"
        lay >/tmp/said 2>&1
        grep -q 'nothing was changed' /tmp/said || complain "a second apply after a kill at $n changed something"
    fi
    davit export stop >/tmp/said 2>&1 || complain "stop after a kill at $n failed"
    left && complain "something was left after a kill at $n"
    n=$((n + $(cat /stride)))
done
davit export stop >/tmp/said 2>&1
echo "apply: killed after changes up to $n, then run again, or stop"

# Somebody is asked, and something is written before the answer: what was agreed to is not what is there any more.
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mkfifo /tmp/answer
printf '#!/bin/sh\nexec /bin/davit export commit t\n' >/tmp/ask
chmod 0755 /tmp/ask
lay >/tmp/said 2>&1 || complain "the export failed"
write 1
# On a terminal, through a connection to this machine itself.
telnetd -p 2323 -l /tmp/ask
(exec 3>/tmp/answer; until [ -e /tmp/now ]; do sleep 0.2; done; echo yes >&3; exec sleep 2000) &
answerer=$!
nc 127.0.0.1 2323 </tmp/answer >/tmp/asked 2>&1 &
tries=0
until grep -q 'Write this to the disks' /tmp/asked || [ $tries = 900 ]; do
    sleep 0.2
    tries=$((tries + 1))
done
cp /tmp/asked /tmp/said
[ $tries -lt 900 ] || complain "nobody was asked"
write 2
touch /tmp/now
tries=0
until grep -q 'is not what was shown any more' /tmp/asked || [ $tries = 900 ]; do
    sleep 0.2
    tries=$((tries + 1))
done
cp /tmp/asked /tmp/said
[ $tries -lt 900 ] || complain "a commit wrote what nobody was shown"
kill "$answerer"
killall telnetd nc 2>/dev/null
sums | cmp -s - /tmp/before || complain "a disk was written to"
davit export stop --discard >/tmp/said 2>&1 || complain "stop --discard failed"
left && complain "something was left"
echo "commit: what came behind the question is not written"

# A disk that takes no more: the commit fails half way, is given up in words, or goes on once the disk does.
mkdir -p /small
mount -t tmpfs -o size=1m small /small
truncate -s 16M /small/disk
loop=$(losetup -f)
losetup "$loop" /small/disk
for way in discard again; do
    davit export "$loop" --name full --listen 192.0.2.5 --overlay 8M >/tmp/said 2>&1 || complain "no export of $loop"
    dd if=/tmp/new of="$(node 1 full)" bs=64k conv=fsync 2>/tmp/said || complain "no write to $loop"
    davit export commit full --yes >/tmp/said 2>&1 && complain "a full disk took everything"
    grep -q 'is written to the disks in part: merging LUN 1 failed' /tmp/said || complain "commit does not say what failed"
    davit export stop full >/tmp/said 2>&1 && complain "stop threw the rest away unasked"
    grep -q "'davit export stop full --discard' gives it up" /tmp/said || complain "stop does not say how"
    if [ $way = discard ]; then
        davit export stop full --discard >/tmp/said 2>&1 || complain "a commit that failed cannot be given up"
        grep -q 'The commit was given up' /tmp/said || complain "that the disk holds a mixture is not said"
    else
        mount -o remount,size=32m /small
        davit export commit full --yes >/tmp/said 2>&1 || complain "a commit that failed does not go on"
        dd if="$loop" bs=64k count=32 2>/dev/null | cmp -s - /tmp/new || complain "the disk lacks what was written"
    fi
done
# Nothing but its place tells this disk from others, so that no file keeps its writes.
davit export "$loop" --name full --listen 192.0.2.5 --overlay 8M --overlay-in /small/writes >/tmp/said 2>&1 &&
    complain "the writes to a disk without identity went into a file"
grep -q 'no superblock to be known by' /tmp/said || complain "that is not said"
[ -e /small/writes ] && complain "a file was made all the same"
losetup -d "$loop"
umount /small
left && complain "something was left"
echo "a commit that fails: given up, or gone on with"

# In a file, which the commit empties into the disks, killed after each of its changes.
mkdir -p /store
mount -t tmpfs store /store
how="--overlay-in /store/writes"
lay >/tmp/said 2>&1 || complain "the export into a file failed"
for lun in 1 2 3; do write $lun; done
davit export stop >/tmp/said 2>&1 || complain "stop with a file failed"
[ -s /store/writes ] || complain "the file is gone"
davit export /dev/vdb /dev/vda /dev/vdc --name t --listen 192.0.2.5 --overlay 8M $how >/tmp/said 2>&1 &&
    complain "the overlay of one disk was laid over another"
grep -q 'belong to another disk' /tmp/said || complain "that is not said"
davit export stop >/tmp/said 2>&1
lay >/tmp/said 2>&1 || complain "the export does not go on with the file"
for lun in 1 2 3; do written "$(node $lun)" || complain "LUN $lun lost what was written"; done
sums | cmp -s - /tmp/before || complain "a disk was written to"
n=1
while killed $n davit export commit --yes; do n=$((n + 1)); done
[ "$n" -gt 5 ] || complain "commit was not killed often enough: $n"
for disk in /dev/vda /dev/vdb /dev/vdc; do written $disk || complain "$disk lacks what was written"; done
[ -e /store/writes ] && complain "the file is still there"
umount /store
left && complain "something was left"
echo "commit: killed after each of $((n - 1)) changes, then run again"
[ $bad = 0 ] && echo "STORY GOOD"
