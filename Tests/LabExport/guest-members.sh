# shellcheck shell=sh disable=SC2012 # Names without blanks.
# Arrays, volume groups and file systems over several disks: naming one member names the others, what is missing is said,
# what is active is refused with who holds it; disks that come late are exported when they come.
for module in virtio_scsi sd_mod raid1 btrfs dm_snapshot target_core_iblock; do davit modules load $module >/dev/null; done
ip addr add 192.0.2.5/24 dev lo
bad=0
complain() { echo "BAD: $*"; cat /tmp/said; bad=1; }
says() { grep -qF "$1" /tmp/said || complain "it is not said: $1"; }
# The disk with the serial number d$1, whatever letter it has.
disk() { grep -l "d$1" /sys/block/sd?/device/vpd_pg80 | sed 's,.*/\(sd.\)/.*,/dev/\1,'; }
tries=0
until [ -n "$(disk 7)" ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || break
    sleep 0.1
done
export_disks() { davit export "$@" --listen 192.0.2.5 >/tmp/said 2>&1; }
stop() { davit export stop --all >/tmp/said 2>&1 || complain "stop failed"; }
refused() {
    text=$1
    shift
    export_disks "$@" && complain "'export $*' was not refused"
    says "$text"
}
# offers KIND NAME ONE OTHER: of two members, one names the other, and both come by the name of the whole.
offers() {
    export_disks "$3" --name one || complain "one member of $1 cannot be exported"
    says "members of the same $1"
    says ": $4. All at once: davit export --filesystem"
    stop
    export_disks --filesystem "$2" --name all || complain "the members of $1 cannot be exported by $2"
    says "LUN 1  $3"
    says "LUN 2  $4"
    grep -q "Not exported\|cannot be found" /tmp/said && complain "both members of $1 are there"
    stop
}

mdadm --create /dev/md0 --run --level=1 --metadata=1.2 --raid-devices=2 "$(disk 0)" "$(disk 1)" >/tmp/said 2>&1 ||
    complain "mdadm cannot make an array"
refused "is part of the running array md0. Export /dev/md0 itself" "$(disk 1)"
export_disks /dev/md0 || complain "a running array cannot be exported"
stop
mdadm --stop /dev/md0 >/tmp/said 2>&1 || complain "mdadm cannot stop the array"
array=$(mdadm --examine "$(disk 0)" | sed -n 's/.*Array UUID : //p' | tr -d : | sed 's/\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)/\1-\2-\3-\4-/')
offers linux_raid_member "$array" "$(disk 0)" "$(disk 1)"
echo "md: offered, refused while it runs"

# There is no udev to make the nodes.
mkdir -p /etc/lvm
echo 'activation { udev_sync = 0 udev_rules = 0 } devices { obtain_device_list_from_udev = 0 }' >/etc/lvm/lvm.conf
export LVM_SUPPRESS_FD_WARNINGS=1
{ lvm pvcreate -y "$(disk 2)" "$(disk 3)" && lvm vgcreate vg0 "$(disk 2)" "$(disk 3)" && lvm lvcreate -y -n data -l 100%FREE vg0; } \
    >/tmp/said 2>&1 || complain "lvm cannot make a volume group"
refused "is under the LVM volume vg0-data" "$(disk 3)"
export_disks /dev/mapper/vg0-data || complain "a volume cannot be exported"
stop
lvm vgchange -an vg0 >/tmp/said 2>&1 || complain "the volume group cannot be deactivated"
offers LVM2_member vg0 "$(disk 2)" "$(disk 3)"
offers LVM2_member "$(lvm vgs --noheadings -o vg_uuid vg0 | tr -d ' ')" "$(disk 2)" "$(disk 3)"
echo "lvm: offered, by its name and by its UUID, refused while it is active"

offers btrfs "$(cat /btrfs-uuid)" "$(disk 4)" "$(disk 5)"
mount -t btrfs -o "device=$(disk 5)" "$(disk 4)" /mnt || complain "the btrfs cannot be mounted"
refused "is mounted on /mnt" "$(disk 4)"
refused "is a member of the mounted btrfs file system $(cat /btrfs-uuid)" "$(disk 5)"
echo "0 2048 linear $(disk 6) 0" | dmsetup create plain >/tmp/said 2>&1 || complain "dmsetup cannot make a mapping"
refused "is under the mapping plain. Export /dev/mapper/plain itself" "$(disk 6)"
# A bad disk among others, for somebody who waits: they are exported, and it is named.
davit export "$(disk 5)" "$(disk 7)" --name some --listen 192.0.2.5 --wait 1 >/tmp/said 2>&1
[ $? = 99 ] || complain "waiting in vain did not end with 99"
says "Exported 1 of the 2 disks of 'some'"
says "is a member of the mounted btrfs"
stop
umount /mnt
dmsetup remove plain
echo "btrfs and a mapping: offered, refused while they are in use, and others are not held up"

# A member that is missing, and that comes late.
one=$(disk 0)
two=$(disk 1)
away() { echo 1 >"/sys/block/${two#/dev/}/device/delete"; }
back() { for host in /sys/class/scsi_host/host*/scan; do echo '- - -' >"$host"; done; }
# awaited TEXT: until the status says so.
awaited() {
    tries=0
    until davit export status >/tmp/said 2>&1 && grep -qF "$1" /tmp/said; do
        tries=$((tries + 1))
        if [ $tries -ge 400 ]; then
            complain "the status does not come to say: $1"
            return
        fi
        sleep 0.5
    done
}
away
refused "$two does not exist" "$one" "$two" --name late
export_disks "$one" --name late || complain "one member alone cannot be exported"
says "1 member of the linux_raid_member $array cannot be found on this host"
stop
davit export "$one" "$two" --name late --listen 192.0.2.5 --wait 600 >/tmp/late 2>&1 &
awaited "'late' is exported in part and waits for disks"
back
wait $! || complain "the export did not become whole: $(cat /tmp/late)"
grep -qF "Exported 1 of the 2 disks" /tmp/late || complain "what was there was not exported at once: $(cat /tmp/late)"
awaited "'late' is exported, for"
[ "$(ls -d /sys/kernel/config/target/iscsi/*/tpgt_1/lun/lun_? | wc -l)" = 2 ] || complain "LUNs are missing"
stop
echo "a disk that comes late: exported when it comes"

# The supervisor goes on with what was killed, and with what still waits.
mkdir -p /etc/davit
davit keygen /etc/davit >/dev/null
davit supervise >/dev/null 2>&1 &
# told WORDS: 'davit status' comes to say them, a regular expression.
told() {
    tries=0
    until davit status | grep -q "$1"; do
        tries=$((tries + 1))
        if [ $tries -ge 400 ]; then
            complain "davit status does not come to say: $1"
            davit status
            return
        fi
        sleep 0.5
    done
}
DAVIT_EXPORT_KILL_AFTER=9 davit export "$one" "$two" --name late --listen 192.0.2.5 >/tmp/said 2>&1
[ $? = 137 ] || complain "the export was not killed"
awaited "'late' is exported, for"
told "^Export  *late: exported since .*; 2 of 2 disks at 192.0.2.5:3260"
stop
away
davit export "$one" "$two" --name late --listen 192.0.2.5 --wait forever >/tmp/said 2>&1 &
waiter=$!
awaited "'late' is exported in part and waits for disks"
told "^Export  *late: waiting since .*; 1 of 2 disks at 192.0.2.5:3260"
kill -9 $waiter
back
awaited "'late' is exported, for"
stop
davit supervise --stop >/tmp/said 2>&1 || complain "the supervisor does not end"
echo "the supervisor: went on with an export that was killed, and with one that lacked a disk"
[ $bad = 0 ] && echo "STORY GOOD"
