# shellcheck shell=bash disable=SC2154 # Sourced by scripts/bench.
# how soon DHCP clients use a server that comes late, what they send until then, and their memory

[[ $EUID == 0 ]] || fail "the clients run in network namespaces, which needs root. Try: sudo scripts/bench net"
for tool in ip unshare nsenter dnsmasq tcpdump; do have "$tool" || fail "$tool is missing. Run scripts/deps first."; done

runs=${DAVIT_BENCH_RUNS:-5}
read -ra lateness <<<"${DAVIT_BENCH_LATE:-1 60 300}"
scratch=$(mktemp -d)
holder=
# shellcheck disable=SC2317 # Called by trap.
tidy() {
    if [[ -n $holder ]]; then kill "$holder" 2>/dev/null || true; fi
    wait 2>/dev/null || true
    rm -rf "$scratch"
}
trap tidy EXIT

# Each client is a row: its name, and how it is run on the interface `cli` in directory $D. Only what is installed is compared.
clients=(davit)
declare -A command=([davit]="exec env DAVIT_RUN=\$D DAVIT_DEV=\$D '$davit_root/dist/davit' net --interface cli")
# add NAME PROGRAM COMMAND
add() {
    local program
    program=$(PATH=$PATH:/sbin:/usr/sbin:/lib/systemd command -v "$2") || { say "$1 is not installed"; return 0; }
    clients+=("$1")
    command[$1]=${3//PROGRAM/$program}
}
# A script that gives the interface its address, as each of them comes with on a real system.
hook=$scratch/hook
# shellcheck disable=SC2016 # Expanded when it runs.
printf '#!/bin/sh\ncase $1 in bound|renew) ip address replace "$ip/$mask" dev "$interface" ;; deconfig) ip link set "$interface" up ;; esac\n' >"$hook"
chmod +x "$hook"
add udhcpc busybox "exec PROGRAM udhcpc -f -i cli -s '$hook'"
add dhcpcd dhcpcd "mount -t tmpfs none /var/lib/dhcpcd; mount -t tmpfs none /run; exec PROGRAM -B -4 -f /dev/null --noarp cli"
add dhclient dhclient "mount -t tmpfs none /run; exec PROGRAM -4 -d -lf \$D/lease -pf \$D/pid cli"
add networkd systemd-networkd "mount -t tmpfs none /run; mkdir -p /run/systemd/network /run/systemd/netif /run/dbus; mount -t tmpfs none /etc/systemd/network
    printf '[Match]\nName=cli\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n[DHCPv4]\nClientIdentifier=mac\n' >/run/systemd/network/cli.network
    chmod -R a+rX /run/systemd; chown -R systemd-network: /run/systemd/netif 2>/dev/null; exec PROGRAM"

# one CLIENT LATE RUN: one server and one client on a cable of their own; writes "CLIENT LATE waited sent first rss".
# shellcheck disable=SC2016
one='
    client=$1 late=$2 D=$3 start=$4
    mkdir -p "$D"
    mount --make-rprivate /
    ip link set lo up
    unshare --net sleep 1000 & server=$!
    until [[ $(readlink /proc/$server/ns/net) != "$(readlink /proc/self/ns/net)" ]]; do sleep 0.02; done
    ip link add cli address 02:00:00:00:00:01 type veth peer name srv address 02:00:00:00:00:02
    ip link set srv netns "$server"
    nsenter -t "$server" -n sh -c "ip link set lo up; ip address add 10.55.0.1/24 dev srv"
    now() { echo "${EPOCHREALTIME/[.,]/}"; }
    exec {changes}< <(exec ip -4 -o monitor address dev cli)
    tcpdump -i cli -n -l -tt --immediate-mode -Q out udp port 68 >"$D/packets" 2>/dev/null & capture=$!
    ip link set cli up
    bash -c "$start" >"$D/log" 2>&1 & program=$!
    sleep 1
    # The cable is plugged in; from here on the server is missing.
    plugged=$(now)
    nsenter -t "$server" -n ip link set srv up
    sleep "$late"
    rss=0
    for pid in $program $(cat /proc/$program/task/*/children 2>/dev/null); do
        rss=$((rss + $(sed -n "s/^VmRSS: *\([0-9]*\).*/\1/p" "/proc/$pid/status" 2>/dev/null || echo 0)))
    done
    served=$(now)
    nsenter -t "$server" -n dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --port=0 --no-ping --pid-file= \
        --dhcp-authoritative --dhcp-leasefile="$D/leases" --dhcp-range=10.55.0.50,10.55.0.60,255.255.255.0,3600 >/dev/null 2>&1 & dnsmasq=$!
    waited=none
    while IFS= read -r -t 130 -u "$changes" line; do
        case $line in *Deleted*) ;; *" inet 10.55.0."*) waited=$(($(now) - served)); break ;; esac
    done
    sleep 0.2
    awk -v plugged="$plugged" -v served="$served" -v client="$client" -v late="$late" -v waited="$waited" -v rss="$rss" "
        \$1 * 1e6 >= plugged && !first { first = \$1 * 1e6 - plugged }
        \$1 * 1e6 >= plugged && \$1 * 1e6 < served { sent++ }
        END { printf \"%s %s %s %.1f %.0f %d\n\", client, late, waited, sent / ((served - plugged) / 6e7), first / 1000, rss }" "$D/packets"
    kill $capture $program $dnsmasq $server 2>/dev/null || true
'

results=$scratch/results
begin=$SECONDS
say "${#clients[@]} clients, ${#lateness[@]} latenesses, $runs runs each; the longest takes ${lateness[-1]} s and what the slowest client waits"
# All at once: they wait most of the time. The ones that wait less begin later, so that nothing else disturbs the start of any.
unshare --mount --net --pid --fork --mount-proc --kill-child bash -c '
    one=$1 runs=$2 scratch=$3 longest=$4
    shift 4
    while (($# > 0)); do
        for ((run = 1; run <= runs; run++)); do
            (
                sleep "$((longest - $2)).$((RANDOM % 10))"
                unshare --mount --net bash -c "$one" bench-net "$1" "$2" "$scratch/$1-$2-$run" "D=$scratch/$1-$2-$run; $3"
            ) &
        done
        shift 3
        sleep 0.2
    done
    wait
' bench-net "$one" "$runs" "$scratch" "${lateness[-1]}" "$(true)" >/dev/null 2>&1 || true
arguments=()
for client in "${clients[@]}"; do
    for late in "${lateness[@]}"; do arguments+=("$client" "$late" "${command[$client]}"); done
done
