# shellcheck shell=sh disable=SC2046,SC2086,SC2012 # Words of /options; paths without blanks.
# Linux 6.12 with open-iscsi: what a person does there with the script that davit prints.
for module in iscsi_tcp sd_mod crc32c_generic bcachefs; do davit modules load $module >/dev/null; done
ip addr add 198.51.100.2/24 dev eth0
/sbin/iscsid
tries=0
until nc 198.51.100.1 9 >/tmp/client.sh 2>/dev/null && tail -n 1 /tmp/client.sh | grep -q main; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || break
    sleep 1
done
bad=0
sh /tmp/client.sh || { echo "BAD: the script failed"; bad=1; }
sh /tmp/client.sh | grep -q 'Already logged in' || { echo "BAD: the script a second time failed"; bad=1; }
letter=a
for disk in /dev/sd?; do
    echo "SUM $letter $(md5sum <$disk)"
    [ "$(cat /sys/block/${disk#/dev/}/queue/discard_max_bytes)" = 0 ] || { echo "BAD: $disk can be discarded"; bad=1; }
    letter=$(echo $letter | tr a-y b-z)
done
if mount -t bcachefs -o fsck,fix_errors "$(echo /dev/sd? | tr ' ' :)" /mnt; then
    echo "FILES $(find /mnt -type f | wc -l)"
    umount /mnt
else
    echo "BAD: mount failed"
    bad=1
fi
sh /tmp/client.sh --stop || { echo "BAD: --stop failed"; bad=1; }
ls /dev/sd? 2>/dev/null && { echo "BAD: disks are left"; bad=1; }
nc 198.51.100.1 10 </dev/null
[ $bad = 0 ] && echo "STORY GOOD"
