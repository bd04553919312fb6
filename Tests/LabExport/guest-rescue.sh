# shellcheck shell=sh
# Linux 6.12 with open-iscsi and davit's own services: a newer host that is worked at over SSH.
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
for module in iscsi_tcp sd_mod crc32c_generic bcachefs dm_snapshot loop; do
    davit modules load "$module" >/dev/null
done
/sbin/iscsid
davit supervise
