# shellcheck shell=bash
# 256 MiB up and down with OpenSSH's sftp, against OpenSSH's own server, and the memory of a transfer
# Sourced by scripts/bench.
# shellcheck disable=SC2154 # davit_root comes from common.sh.

davit=$davit_root/dist/davit
runs=${DAVIT_BENCH_RUNS:-5}
mebibytes=256

[[ $EUID == 0 ]] || fail "the servers change to the user's own rights: run as root"
for tool in sftp /usr/sbin/sshd /usr/lib/openssh/sftp-server; do
    have "$tool" || fail "$tool is missing. Install openssh-server and openssh-client."
done
scratch=$(mktemp -d)
servers=()
finish() {
    local server
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    wait
    umount "$scratch/memory" 2>/dev/null || true
    rm -rf -- "$scratch"
}
trap finish EXIT
# In memory, so that no disk is measured.
mkdir "$scratch/memory"
mount -t tmpfs -o "size=$((mebibytes * 3 + 16))m" tmpfs "$scratch/memory"
head -c "${mebibytes}M" /dev/urandom >"$scratch/memory/file"

export DAVIT_RUN=$scratch/run
mkdir -p "$DAVIT_RUN" "$scratch/etc" /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/sshd_key"
install -m 600 "$scratch/key.pub" "$scratch/etc/authorized_keys"
"$davit" keygen "$scratch/etc" >/dev/null

free_port() {
    local port
    for port in $(seq $((20000 + RANDOM % 20000)) 60000); do
        if ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}
declare -A port
port[davit]=$(free_port)
"$davit" sshd --listen "127.0.0.1:${port[davit]}" --config "$scratch/etc" >/dev/null 2>&1 &
servers+=($!)
port[OpenSSH]=$(free_port)
/usr/sbin/sshd -D -f /dev/null -h "$scratch/sshd_key" -p "${port[OpenSSH]}" -o ListenAddress=127.0.0.1 \
    -o AuthorizedKeysFile="$scratch/etc/authorized_keys" -o StrictModes=no -o PidFile=none -o UsePAM=no \
    -o PermitRootLogin=yes -o Subsystem='sftp /usr/lib/openssh/sftp-server' >/dev/null 2>&1 &
servers+=($!)

# transfer SERVER CIPHER LINE: one line of sftp.
transfer() {
    echo "$3" >"$scratch/batch"
    sftp -q -b "$scratch/batch" -F none -c "$2" -P "${port[$1]}" -o UserKnownHostsFile=/dev/null \
        -o StrictHostKeyChecking=no -o IdentitiesOnly=yes -o IdentityAgent=none -o LogLevel=ERROR \
        -i "$scratch/key" root@127.0.0.1 >/dev/null
}
for name in davit OpenSSH; do
    for _ in $(seq 50); do
        if transfer "$name" aes256-gcm@openssh.com pwd 2>/dev/null; then continue 2; fi
        sleep 0.1
    done
    fail "$name does not let sftp in"
done

median() { sort -n | sed -n "$((runs / 2 + 1))p"; }

for cipher in chacha20-poly1305@openssh.com aes256-gcm@openssh.com; do
    for direction in put get; do
        rm -f "$scratch"/times-*
        # In turn, so that what else the machine does meets both.
        for _ in $(seq "$runs"); do
            for name in davit OpenSSH; do
                rm -f "$scratch/memory/copy"
                begun=$(date +%s%N)
                transfer "$name" "$cipher" "$direction $scratch/memory/file $scratch/memory/copy"
                echo $((($(date +%s%N) - begun) / 1000000)) >>"$scratch/times-$name"
                cmp -s "$scratch/memory/file" "$scratch/memory/copy" || fail "$name: the copy differs"
            done
        done
        own=$(median <"$scratch/times-davit")
        theirs=$(median <"$scratch/times-OpenSSH")
        say "$direction of $mebibytes MiB, $cipher: davit $((mebibytes * 1000 / own)) MiB/s," \
            "OpenSSH $((mebibytes * 1000 / theirs)) MiB/s ($((theirs * 100 / own)) %)"
    done
done

# What one connection that has carried a file both ways adds: memory that no other process shares.
for name in davit OpenSSH; do
    rm -f "$scratch/memory/copy"
    mkfifo "$scratch/lines" 2>/dev/null || true
    sftp -q -b - -F none -P "${port[$name]}" -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no \
        -o IdentitiesOnly=yes -o IdentityAgent=none -o LogLevel=ERROR -i "$scratch/key" root@127.0.0.1 \
        <"$scratch/lines" >"$scratch/said" &
    client=$!
    exec 7>"$scratch/lines"
    echo "put $scratch/memory/file $scratch/memory/copy" >&7
    echo "get $scratch/memory/copy $scratch/memory/back" >&7
    echo "!touch $scratch/done" >&7
    until [[ -e $scratch/done ]]; do sleep 0.05; done
    memory=0
    [[ $name == davit ]] && listener=${servers[0]} || listener=${servers[1]}
    processes=("$listener")
    while ((${#processes[@]} > 0)); do
        process=${processes[0]}
        processes=("${processes[@]:1}")
        read -ra children <"/proc/$process/task/$process/children" || true
        processes+=("${children[@]}")
        [[ $process == "$listener" ]] && continue
        more=$(sed -n 's/^Private_\(Dirty\|Clean\): *\([0-9]*\) kB/\2/p' "/proc/$process/smaps_rollup" | paste -sd+)
        memory=$((memory + ${more:-0}))
    done
    exec 7>&-
    wait "$client" || true
    rm -f "$scratch/done" "$scratch/memory/back"
    say "memory of one connection after both ways, $name: $memory KiB"
done
