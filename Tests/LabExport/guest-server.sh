# shellcheck shell=sh disable=SC2046,SC2086,SC2012 # Words of /options; paths without blanks.
# Exports what /options says, gives the newer host its script on port 9, and stops when it is told on port 10.
ip addr add 198.51.100.1/24 dev eth0
md5sum /dev/vd? | sed 's,/dev/vd,SUM ,'
davit export $(cat /options) || echo "BAD: the export failed"
davit export client >/tmp/client.sh
echo "SECRET $(cat /run/davit/export/secret)"
echo SERVING
nc -l -p 9 -e cat /tmp/client.sh
nc -l -p 10 </dev/null
davit export status
davit export stop || echo "BAD: stop failed"
davit export status
md5sum /dev/vd? | sed 's,/dev/vd,AFTER ,'
for disk in /dev/vd?; do dd if=$disk of=/dev/null bs=4096 count=1 2>/dev/null || echo "BAD: $disk cannot be read"; done
