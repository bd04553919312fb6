#!/usr/bin/env bash
# One run of scripts/bench net: one client and one server on a cable of their own, the server LATE seconds late.
# Called in namespaces that end with it: bench-net-client.sh CLIENT LATE DIRECTORY COMMAND. The last line of its output is
# "CLIENT LATE MICROSECONDS-FROM-SERVER-TO-ADDRESS PACKETS-A-MINUTE MILLISECONDS-FROM-CARRIER-TO-DISCOVER KIB-OF-MEMORY".
set -euo pipefail

client=$1 late=$2 directory=$3 command=$4
patience=130
mkdir -p "$directory"
mount --make-rprivate /
# Clients write /etc/resolv.conf, and a mount namespace alone does not keep that from the host.
mount -t tmpfs none "$directory"
mkdir "$directory/etc" "$directory/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$directory/etc,workdir=$directory/work" none /etc
ip link set lo up

unshare --net sleep 1000 &
server=$!
until [[ $(readlink "/proc/$server/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do sleep 0.02; done
ip link add cli address 02:00:00:00:00:01 type veth peer name srv address 02:00:00:00:00:02
ip link set srv netns "$server"
nsenter -t "$server" -n sh -c 'ip link set lo up; ip address add 10.55.0.1/24 dev srv'

now() { echo "${EPOCHREALTIME/[.,]/}"; }
exec {changes}< <(exec ip -4 -o monitor address dev cli)
tcpdump -i cli -n -l -tt --immediate-mode -Q out udp dst port 67 >"$directory/packets" 2>/dev/null &
ip link set cli up
D=$directory bash -c "$command" >"$directory/log" 2>&1 &
program=$!
sleep 2

# The cable is plugged in; from here on only the server is missing.
plugged=$(now)
nsenter -t "$server" -n ip link set srv up
sleep "$late"
memory=0
for pid in $program $(cat "/proc/$program/task/$program/children"); do
    memory=$((memory + $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")))
done
served=$(now)
nsenter -t "$server" -n dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --port=0 --no-ping --pid-file= \
    --dhcp-authoritative --dhcp-leasefile="$directory/leases" --dhcp-range=10.55.0.50,10.55.0.60,255.255.255.0,3600 \
    >/dev/null 2>&1 &

waited=none
while IFS= read -r -t "$patience" -u "$changes" line; do
    case $line in
    *Deleted*) ;;
    *" inet 10.55.0."*)
        waited=$(($(now) - served))
        break
        ;;
    esac
done
sleep 0.2
awk -v plugged="$plugged" -v served="$served" -v head="$client $late $waited" -v memory="$memory" '
    $1 * 1e6 >= plugged && !first { first = $1 * 1e6 - plugged }
    $1 * 1e6 >= plugged && $1 * 1e6 < served { sent++ }
    END { printf "%s %.1f %.0f %d\n", head, sent / ((served - plugged) / 6e7), first / 1000, memory }
' "$directory/packets"
