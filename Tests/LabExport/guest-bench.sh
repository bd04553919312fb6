#!/bin/bash
# shellcheck disable=SC2046,SC2012 # Words of disks; paths without blanks.
# How long exports take to apply and to stop: davit, the steps by hand, targetcli-fb; then a disk for the host to read and
# write. The first process of a machine that has Debian's targetcli-fb.
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mkdir -p /run/davit /run/lock /run/dbus /root/.targetcli /etc/target/backup /var/target/{pr,alua}
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
echo
echo "GUEST UP"
dmesg -n 1
tree=/sys/kernel/config/target
iqn=iqn.2003-01.org.linux-iscsi.host.hand
secret=abcdefghjkmnpqrstuvwxyz2
address=198.51.100.1
for module in virtio_pci virtio_net virtio_scsi sd_mod target_core_iblock iscsi_target_mod; do davit modules load $module >/dev/null; done
busybox ip link set lo up
busybox ip link set eth0 up
busybox ip addr add $address/24 dev eth0
# targetcli asks it for other people's backstores.
dbus-daemon --system --fork
mount -t configfs configfs /sys/kernel/config
for ((tries = 0; tries < 600; tries++)); do
    [[ $(ls -d /sys/block/sd* | wc -l) == 65 ]] && break
    sleep 0.1
done
# The large disk has the name d64; the others in the order of their numbers.
declare -A by_number
for page in /sys/block/sd*/device/vpd_pg80; do
    name=${page#/sys/block/}
    by_number[$(tr -cd '0-9' <"$page")]=/dev/${name%%/*}
done
disks() { for ((disk = 0; disk < $1; disk++)); do echo "${by_number[$disk]}"; done; }

# Each has three functions: NAME_apply and NAME_stop with the disks as arguments, and NAME_prepare, which is not timed.
davit_prepare() { :; }
davit_apply() { davit export "$@" --name bench --listen $address; }
davit_stop() { davit export stop bench; }

hand_prepare() { :; }
hand_apply() {
    local lun=0 disk group=$tree/iscsi/$iqn/tpgt_1 backstore
    mkdir -p $tree/iscsi/$iqn/tpgt_1 $tree/core/iblock_0
    for disk in "$@"; do
        lun=$((lun + 1))
        backstore=$tree/core/iblock_0/disk$lun
        mkdir $backstore
        echo "udev_path=$disk" >$backstore/control
        printf '%032x' $((lun + 4096)) >$backstore/wwn/vpd_unit_serial
        echo 1 >$backstore/enable
        mkdir $group/lun/lun_$lun
        ln -s $backstore $group/lun/lun_$lun/backstore
    done
    echo 1 >$group/attrib/authentication
    echo 0 >$group/attrib/demo_mode_write_protect
    echo 1 >$group/attrib/generate_node_acls
    echo CHAP >$group/param/AuthMethod
    # The kernel keeps the line end that echo would add.
    printf davit >$group/auth/userid
    printf %s $secret >$group/auth/password
    mkdir $group/np/$address:3260
    echo 1 >$group/enable
}
hand_stop() {
    local group=$tree/iscsi/$iqn/tpgt_1 lun
    echo 0 >$group/enable
    for lun in "$group"/lun/lun_*; do
        rm "$lun/backstore"
        rmdir "$lun"
    done
    rmdir $group/np/* $group $tree/iscsi/$iqn $tree/core/iblock_0/*/ $tree/core/iblock_0
}

# As a person scripts it: all commands to one process.
targetcli_prepare() {
    local lun=0 disk group=/iscsi/$iqn/tpg1
    {
        echo "set global auto_save_on_exit=false auto_add_default_portal=false auto_cd_after_create=false"
        echo "/iscsi create $iqn"
        for disk in "$@"; do
            lun=$((lun + 1))
            echo "/backstores/block create name=disk$lun dev=$disk"
            echo "$group/luns create storage_object=/backstores/block/disk$lun lun=$lun"
        done
        echo "$group set attribute authentication=1 demo_mode_write_protect=0 generate_node_acls=1"
        echo "$group set auth userid=davit password=$secret"
        echo "$group/portals create $address 3260"
        echo "$group enable"
    } >/run/commands
}
targetcli_apply() { targetcli </run/commands; }
targetcli_stop() { targetcli clearconfig confirm=True; }

# As Debian's boot does it.
targetctl_prepare() {
    targetcli_prepare "$@"
    targetcli </run/commands
    targetctl save /run/saved.json
    targetcli clearconfig confirm=True
}
targetctl_apply() { targetctl restore /run/saved.json; }
targetctl_stop() { targetctl clear; }

# timed COMMAND...: runs it; milliseconds are in $took.
timed() {
    local begun=${EPOCHREALTIME/./}
    "$@" >/run/said 2>&1 || echo "BAD: $1: $(tail -n 5 /run/said)"
    took=$(((${EPOCHREALTIME/./} - begun) / 1000))
}
for count in 3 64; do
    for tool in davit hand targetcli targetctl; do
        "${tool}_prepare" $(disks $count) >/run/said 2>&1
        # The first round warms everything up.
        for round in 0 1 2 3; do
            timed "${tool}_apply" $(disks $count)
            applied=$took
            luns=$(ls -d $tree/iscsi/*/tpgt_1/lun/lun_* 2>/dev/null | wc -l)
            open=$(cat $tree/iscsi/*/tpgt_1/enable)
            [[ $luns == "$count" && $open == 1 ]] || echo "BAD: $tool exported $luns of $count disks: $(tail -n 5 /run/said)"
            timed "${tool}_stop"
            [[ -z $(ls -d $tree/iscsi/iqn* $tree/core/iblock* 2>/dev/null) ]] || echo "BAD: $tool left something: $(tail -n 5 /run/said)"
            ((round == 0)) || echo "TIME $tool $count $applied $took"
        done
    done
done

for round in 1 2 3; do
    for tool in davit hand; do
        timed "${tool}_apply" "${by_number[64]}"
        [[ $tool == hand ]] || secret_now=$(cat /run/davit/export/secret)
        [[ $tool == davit ]] || secret_now=$secret
        echo "READY $tool-$round $(basename $tree/iscsi/iqn*) $secret_now"
        busybox nc -l -p 10 </dev/null
        timed "${tool}_stop"
    done
done
echo "STORY GOOD"
echo "GUEST DONE"
busybox poweroff -f
