# shellcheck shell=bash disable=SC2154 # Sourced by scripts/bench.
# how soon DHCP clients use a server that comes late, what they send until then, and their memory

[[ $EUID == 0 ]] || fail "the clients run in network namespaces, which needs root. Try: sudo scripts/bench net"
for tool in ip unshare nsenter dnsmasq tcpdump; do have "$tool" || fail "$tool is missing. Run scripts/deps --all first."; done

# For a quick look: DAVIT_BENCH_RUNS=1 DAVIT_BENCH_LATE="1 5" scripts/bench net
runs=${DAVIT_BENCH_RUNS:-5}
read -ra lateness <<<"${DAVIT_BENCH_LATE:-1 60 300}"
longest=${lateness[-1]}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Each client is a row: its name, and how it is run on the interface `cli` with files of its own in $D.
clients=(davit)
declare -A start=([davit]="exec env DAVIT_RUN=\$D DAVIT_DEV=\$D '$davit_root/dist/davit' net --interface cli")
# add NAME PROGRAM COMMAND: a client to compare with, where it is installed.
add() {
    local program
    program=$(PATH=$PATH:/sbin:/usr/sbin:/lib/systemd:/usr/lib/klibc/bin command -v "$2") || {
        say "$1 is not installed; it is left out"
        return 0
    }
    clients+=("$1")
    start[$1]=${3//PROGRAM/$program}
}
hook=$scratch/hook
# shellcheck disable=SC2016 # Expanded when udhcpc calls it.
printf '#!/bin/sh\ncase $1 in bound|renew) ip address replace "$ip/$mask" dev "$interface" ;; esac\n' >"$hook"
chmod +x "$hook"
add udhcpc busybox "exec PROGRAM udhcpc -f -i cli -s '$hook'"
# As Debian 12's initramfs calls it (initramfs-tools 0.142, configure_networking).
# shellcheck disable=SC2016
add ipconfig ipconfig 'mount -t tmpfs none /run; cd /run
    for round in 2 3 4 6 9 16 25 36 64 100; do PROGRAM -t "$round" -d cli && break; done
    exec sleep 1000'
# shellcheck disable=SC2016
add dhcpcd dhcpcd 'mount -t tmpfs none /var/lib/dhcpcd; mount -t tmpfs none /run; exec PROGRAM -B -4 --noarp -f /dev/null cli'
# shellcheck disable=SC2016
add dhclient dhclient 'mount -t tmpfs none /run; exec PROGRAM -4 -d -lf "$D/leases" -pf "$D/pid" cli'
# A /sys that cannot be written tells networkd not to wait for udev.
add systemd-networkd systemd-networkd "mount -t sysfs -o ro none /sys; mount -t tmpfs none /run; mkdir -p /run/systemd/network
    printf '[Match]\nName=cli\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' >/run/systemd/network/cli.network
    exec PROGRAM"

say "${#clients[@]} clients, servers ${lateness[*]} s late, $runs runs of each: about $(((longest + 150) / 60)) min"
# All side by side, for they wait most of the time; those that wait less begin later, at moments of their own.
children=()
for late in "${lateness[@]}"; do
    for ((run = 1; run <= runs; run++)); do
        for client in "${clients[@]}"; do
            (
                sleep "$((longest - late + run * 2)).$((RANDOM % 1000))"
                directory=$scratch/$client-$late-$run
                unshare --mount --net --pid --fork --kill-child --mount-proc \
                    "$davit_root/scripts/lib/bench-net-client.sh" "$client" "$late" "$directory" "${start[$client]}" \
                    >"$directory.result" 2>"$directory.errors" </dev/null || true
            ) &
            children+=($!)
        done
    done
done
wait "${children[@]}"

if [[ -n ${DAVIT_BENCH_KEEP:-} ]]; then cp -r "$scratch" "$DAVIT_BENCH_KEEP"; fi
cat "$scratch"/*.result | sort -k1,1 -k2,2n -k3,3n | awk -v clients="${clients[*]}" -v lateness="${lateness[*]}" -v runs="$runs" '
    function seconds(micro) { return micro == "" ? "none" : micro == "none" ? "over 130" : sprintf("%.1f", micro / 1e6) }
    function ratio(mine, its) { return mine > 0 && its != "none" && its != "" ? sprintf("%.1f", its / mine) : "-" }
    { n = ++count[$1, $2]; wait[$1, $2, n] = $3; rate[$1] = $4; if (n == 1 || $4 > most[$1, $2]) most[$1, $2] = $4
      first[$1, ++firsts[$1]] = $5; if ($6 > memory[$1]) memory[$1] = $6 }
    END {
        names = split(clients, client, " "); times = split(lateness, late, " ")
        head = "| client |"; line = "|---|"
        for (j = 1; j <= times; j++) { head = head " " late[j] " s late: median, worst |"; line = line "---|" }
        print head " packets a minute | carrier to DISCOVER, worst | memory |"
        print line "---|---|---|"
        for (i = 1; i <= names; i++) {
            c = client[i]; row = "| " c " |"
            for (j = 1; j <= times; j++) {
                if (count[c, late[j]] < runs) failed = failed " " c "/" late[j]
                # "none" sorts before numbers: what never came is the worst.
                worst = wait[c, late[j], 1] == "none" ? "none" : wait[c, late[j], count[c, late[j]]]
                row = row " " seconds(wait[c, late[j], int((runs + 1) / 2)]) " s, " seconds(worst) " s |"
                if (j == times) { middle[c] = wait[c, late[j], int((runs + 1) / 2)]; bad[c] = worst }
            }
            top = 0; for (k = 1; k <= firsts[c]; k++) if (first[c, k] > top) top = first[c, k]
            printf "%s %.0f | %.0f ms | %.1f MiB |\n", row, most[c, late[times]], top, memory[c] / 1024
        }
        print ""
        for (i = 2; i <= names; i++)
            printf "%s / davit at %s s: median %s, worst %s; memory %s\n", client[i], late[times],
                ratio(middle["davit"], middle[client[i]]), ratio(bad["davit"], bad[client[i]]), ratio(memory["davit"], memory[client[i]])
        if (failed != "") { print "bench: runs are missing of:" failed >"/dev/stderr"; exit 1 }
    }' | tee "$davit_root/dist/bench-net.md"
