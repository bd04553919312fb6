# shellcheck shell=sh disable=SC2012 # Names without blanks.
# Everything that is refused: each a sentence with the next step, and nothing is changed.
ip addr add 192.0.2.5/24 dev lo
tree=/sys/kernel/config/target
bad=0
complain() { echo "BAD: $*"; cat /tmp/said; bad=1; }
# All that an export could change: configfs, modules, its own files. The lock's file may come.
picture() {
    find $tree -not -path '*statistics*' 2>/dev/null | sort
    cut -d ' ' -f 1 /proc/modules | sort
    find /run/davit -type f -not -name lock -not -name recorder -exec md5sum {} \; | sort
}
# refused TEXT ARGUMENT...: davit export ARGUMENT... is refused with TEXT.
refused() {
    text=$1
    shift
    picture >/tmp/before
    davit export "$@" --listen "${listen-192.0.2.5}" >/tmp/said 2>&1
    [ $? = 1 ] || complain "'export $*' did not end with 1"
    grep -qF "$text" /tmp/said || complain "'export $*' does not say: $text"
    picture | diff /tmp/before - >>/tmp/said || complain "'export $*' changed something"
    count=$((count + 1))
}
count=0

mv /lib/modules /lib/hidden
refused "has no iSCSI target: the modules" /dev/vda
refused "cannot make overlays: the modules" /dev/vda --overlay 8M
mv /lib/hidden /lib/modules

refused "/dev/none does not exist" /dev/none
refused "/tmp is no block device" /tmp
mkdir -p /dev/disk
ln -s ../vda /dev/disk/again
refused "are the same disk" /dev/vda /dev/disk/again
mknod /dev/vda-too b "$(cut -d : -f 1 /sys/block/vda/dev)" "$(cut -d : -f 2 /sys/block/vda/dev)"
refused "are the same disk" /dev/vda /dev/vda-too
rm /dev/vda-too
listen=192.0.2.77 refused "does not have the address 192.0.2.77" /dev/vda
listen=router refused "is no address to listen on" /dev/vda
refused "takes the port on every address" /dev/vda --listen 0.0.0.0
refused "is no iSCSI name" /dev/vda --initiator newer-host
refused "is no size for an overlay" /dev/vda --overlay much
refused "cannot name an export" /dev/vda --name Upper_Case
refused "carries the UUID" --filesystem 11111111-2222-3333-4444-555555555555
nc -l -p 3260 &
listener=$!
until grep -q ':0CBC ' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done
refused "Another program listens on" /dev/vda
kill $listener
wait $listener 2>/dev/null
dd if=/dev/zero of=/dev/vdc bs=1M count=1 2>/dev/null
mkswap /dev/vdc >/dev/null
swapon /dev/vdc
refused "is in use as swap" /dev/vdc
swapoff /dev/vdc
sleep 1000 <>/dev/vdc &
holder=$!
davit export /dev/vdc --name open --listen 192.0.2.5 >/tmp/said 2>&1 || complain "a disk that is merely open is refused"
kill $holder
davit export stop open >/tmp/said 2>&1 || complain "stop failed"

printf 'o\nn\np\n1\n2048\n40000\nw\n' | fdisk /dev/vdb >/tmp/said 2>&1
[ -b /dev/vdb1 ] || complain "there is no partition"
davit export /dev/vdb --name whole --listen 192.0.2.5 >/tmp/said 2>&1 || complain "the whole disk cannot be exported"
refused "is exported under the name 'whole'" /dev/vdb1 --name part
refused "is exported under the name 'whole'" /dev/vdb --name again
refused "different: LUN 1 is /dev/vdb" /dev/vda --name whole
refused "different: LUN 1 is writable" /dev/vdb --name whole --read-only
refused "different: LUN 1 is /dev/vdb" /dev/vdb --name whole --overlay 8M

davit export stop --all >/tmp/said 2>&1 || complain "stop failed"

# Where it listens unasked: at the address of the SSH session, or else of the lease, and never at all of them.
listens() {
    [ "$(ls $tree/iscsi/*/tpgt_1/np)" = "$1:3260" ] || complain "it listens at $(ls $tree/iscsi/*/tpgt_1/np), not $1"
    davit export stop --all >/dev/null 2>&1
}
ip addr add 198.51.100.1/24 dev eth0
davit export /dev/vda >/tmp/said 2>&1 && complain "of two addresses one was chosen"
grep -q 'It is not clear on which address to listen' /tmp/said || complain "it is not said that no address was chosen"
mkdir -p /run/davit/net
echo '{"address": "198.51.100.1/24"}' >/run/davit/net/eth0.json
davit export /dev/vda >/tmp/said 2>&1 || complain "the lease's address is not taken"
listens 198.51.100.1
SSH_CONNECTION='192.0.2.9 40000 192.0.2.5 22' davit export /dev/vda >/tmp/said 2>&1 || complain "the session's address is not taken"
listens 192.0.2.5
davit export /dev/vda --no-auth --listen 192.0.2.5 >/tmp/said 2>&1 || complain "an export without a secret failed"
grep -q 'WITHOUT AUTHENTICATION: everybody who reaches the port can read and overwrite these disks' /tmp/said ||
    complain "it is not said what --no-auth opens"
davit export /dev/vda --no-auth --listen 192.0.2.5 --dry-run >/tmp/said 2>&1
grep -q 'nothing would be changed' /tmp/said || complain "a dry run of what is there says something else"
davit export /dev/vda --listen 192.0.2.5 --dry-run >/tmp/said 2>&1
grep -q 'echo (the secret) > ' /tmp/said || complain "a dry run does not show the steps"
davit export stop --all >/dev/null 2>&1

# What somebody else has made by half is left alone, and named.
mkdir -p $tree/core/iblock_7/theirs $tree/iscsi/iqn.2020-01.com.example:theirs/tpgt_1
echo udev_path=/dev/vdc >$tree/core/iblock_7/theirs/control
echo 1 >$tree/core/iblock_7/theirs/enable
refused "is exported by somebody else, through core/iblock_7/theirs" /dev/vdc
davit export status >/tmp/said
grep -q "left alone: iscsi/iqn.2020-01.com.example:theirs" /tmp/said || complain "status does not name their target"
davit export stop --all >/tmp/said 2>&1 || complain "stop failed"
for theirs in core/iblock_7/theirs iscsi/iqn.2020-01.com.example:theirs/tpgt_1; do
    [ -d $tree/$theirs ] || complain "stop took away $theirs, which somebody else has made"
done

davit export stop never >/tmp/said 2>&1 || complain "stop of what never existed failed"
grep -q "never existed" /tmp/said || complain "stop does not say that it never existed"
echo "refused, with nothing changed: $count"
[ $bad = 0 ] && echo "STORY GOOD"
