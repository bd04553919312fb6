# shellcheck shell=bash disable=SC2154 # Sourced by scripts/bench.
# what davit adds to a boot that needs no rescue: its two boot scripts, against an empty one

[[ $EUID == 0 ]] || fail "the boot scripts run in namespaces of their own, which needs root. Try: sudo scripts/bench boot"
for tool in busybox unshare; do have "$tool" || fail "$tool is missing. Run scripts/deps first."; done

runs=20
scratch=$(mktemp -d)
trap 'rmdir "$scratch"' EXIT

# An initramfs as the scripts find it, in memory, with a network of its own; everything ends with the shell.
# shellcheck disable=SC2016 # Expanded inside.
unshare --mount --net --pid --fork --kill-child bash -euo pipefail -c '
    repository=$1 root=$2 runs=$3
    mount -t tmpfs davit "$root"
    mkdir -p "$root"/{bin,usr/sbin,proc,dev,run,etc,scripts}
    cp "$(command -v busybox)" "$root/bin/busybox"
    ln -s busybox "$root/bin/sh"
    ln -s busybox "$root/bin/cat"
    cp "$repository/dist/davit" "$root/usr/sbin/davit"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    "$root/usr/sbin/davit" keygen "$root/etc/davit" >/dev/null
    printf "#!/bin/sh\nexit 0\n" >"$root/scripts/empty"
    chmod +x "$root/scripts/empty"
    for stage in init-premount init-bottom; do
        cp "$repository/initramfs-hooks/initramfs-tools/scripts/$stage/davit" "$root/scripts/$stage"
    done

    microseconds() { echo "${EPOCHREALTIME/[.,]/}"; }
    # timed SCRIPT: how long it takes, in microseconds.
    timed() {
        local before after
        before=$(microseconds)
        env -i PATH=/usr/sbin:/bin chroot "$root" "/scripts/$1"
        after=$(microseconds)
        echo $((after - before))
    }
    # listening: waits until the SSH server listens, so that there is something to stop.
    listening() {
        local left=500
        until grep -qs "22\"" "$root/run/davit/ssh/listener.json"; do
            left=$((left - 1))
            ((left > 0)) || { echo "the SSH server does not come up:" >&2; DAVIT_RUN="$root/run/davit" "$root/usr/sbin/davit" log >&2; exit 1; }
            sleep 0.02
        done
    }

    for ((run = 0; run < runs; run++)); do
        printf "empty %s\n" "$(timed empty)"
        rm -f "$root/run/davit/stopped" # Each run is a boot of its own.
        printf "init-premount %s\n" "$(timed init-premount)"
        listening
        printf "init-bottom %s\n" "$(timed init-bottom)"
    done
' bench-boot "$davit_root" "$scratch" "$runs" | sort -k1,1 -k2,2n | awk -v runs="$runs" '
    { times[$1, ++count[$1]] = $2 }
    END {
        if (count["init-bottom"] != runs) {
            print "bench: the boot scripts did not run " runs " times; nothing was measured" >"/dev/stderr"
            exit 1
        }
        printf "%-16s %10s %10s\n", "milliseconds", "median", "worst"
        split("empty init-premount init-bottom", names, " ")
        for (i = 1; i <= 3; i++) {
            name = names[i]
            median = times[name, int((runs + 1) / 2)] / 1000
            worst = times[name, runs] / 1000
            printf "%-16s %10.1f %10.1f\n", name, median, worst
            if (name != "empty") { medians += median; worsts += worst }
        }
        printf "%-16s %10.1f %10.1f   (at most 100 are allowed)\n", "both of davit", medians, worsts
        exit medians > 100
    }'
