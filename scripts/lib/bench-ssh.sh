# shellcheck shell=bash
# connect to a command's output against dropbear and OpenSSH, 256 MiB by sftp against OpenSSH, memory, logins in a flood
# Sourced by scripts/bench.
# shellcheck disable=SC2154 # davit_root comes from common.sh.

davit=$davit_root/dist/davit
logins=${DAVIT_BENCH_RUNS:-15}
transfers=${DAVIT_BENCH_RUNS:-5}
mebibytes=256

[[ $EUID == 0 ]] || fail "the servers change to the user's own rights: run as root"
for tool in ssh sftp /usr/sbin/sshd /usr/lib/openssh/sftp-server dbclient dropbear dropbearkey unshare; do
    have "$tool" || fail "$tool is missing. Install openssh-server, openssh-client and dropbear-bin."
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
export DAVIT_RUN=$scratch/run DAVIT_DEV=$scratch/dev
mkdir -p "$DAVIT_RUN" "$DAVIT_DEV" "$scratch/etc" "$scratch/memory" /run/sshd
ln -s /dev/ptmx "$DAVIT_DEV/ptmx"
# In memory, so that no disk is measured.
mount -t tmpfs -o "size=$((mebibytes * 3 + 16))m" tmpfs "$scratch/memory"
head -c "${mebibytes}M" /dev/urandom >"$scratch/memory/file"

ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/sshd_key"
dropbearkey -t ed25519 -f "$scratch/client" | grep '^ssh-' >"$scratch/client.pub"
dropbearkey -t ed25519 -f "$scratch/dropbear_key" >/dev/null
cat "$scratch/key.pub" "$scratch/client.pub" >"$scratch/etc/authorized_keys"
chmod 600 "$scratch/etc/authorized_keys"
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
# dropbear reads its user's own file: in a mount namespace that is one of ours.
port[dropbear]=$(free_port)
unshare --mount bash -c "mount --make-rprivate / && mount -t tmpfs -o mode=700 tmpfs \$HOME && mkdir -m 700 \$HOME/.ssh &&
    cp '$scratch/etc/authorized_keys' \$HOME/.ssh/ && cd / &&
    exec dropbear -F -E -s -r '$scratch/dropbear_key' -p 127.0.0.1:${port[dropbear]}" >/dev/null 2>&1 &
servers+=($!)
port[OpenSSH]=$(free_port)
/usr/sbin/sshd -D -f /dev/null -h "$scratch/sshd_key" -p "${port[OpenSSH]}" -o ListenAddress=127.0.0.1 \
    -o AuthorizedKeysFile="$scratch/etc/authorized_keys" -o StrictModes=no -o PidFile=none -o UsePAM=no \
    -o PermitRootLogin=yes -o Subsystem='sftp /usr/lib/openssh/sftp-server' >/dev/null 2>&1 &
servers+=($!)

quiet=(-F none -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=no
    -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o LogLevel=ERROR -i "$scratch/key")
openssh() { ssh "${quiet[@]}" -p "${port[$1]}" root@127.0.0.1 "$2"; }
dropbears() { HOME=$scratch dbclient -y -y -i "$scratch/client" -p "${port[$1]}" root@127.0.0.1 "$2" 2>/dev/null; }

for name in davit dropbear OpenSSH; do
    for _ in $(seq 50); do
        if [[ $(openssh "$name" 'echo up' 2>/dev/null) == up ]]; then continue 2; fi
        sleep 0.1
    done
    fail "$name does not let OpenSSH's client in"
done

# once CLIENT SERVER: the time from the start of the client to the output of a command, in microseconds.
once() {
    local begun
    begun=$(date +%s%N)
    [[ $("$1" "$2" 'echo up') == up ]] || fail "$2 did not answer $1"
    echo $((($(date +%s%N) - begun) / 1000))
}
# median COUNT: the middle one of COUNT lines.
median() { sort -n | sed -n "$(($1 / 2 + 1))p"; }

for client in openssh dropbears; do
    rm -f "$scratch"/times-*
    # In turn, so that what else the machine does meets all of them.
    for _ in $(seq "$logins"); do
        for name in davit dropbear OpenSSH; do once "$client" "$name" >>"$scratch/times-$name"; done
    done
    own=$(median "$logins" <"$scratch/times-davit")
    [[ $client == openssh ]] && words="OpenSSH's client" || words="dropbear's client"
    for name in davit dropbear OpenSSH; do
        time=$(median "$logins" <"$scratch/times-$name")
        say "$words, from its start to a command's output, $name: $((time / 1000)).$((time / 100 % 10)) ms" \
            "(davit takes $((own * 100 / time)) % of that)"
    done
done

# What one connection adds: the memory that no other process shares, of the server's processes for it.
for name in davit dropbear OpenSSH; do
    # shellcheck disable=SC2016 # The shell at the other end expands it.
    openssh "$name" 'echo $PPID; exec sleep 60' >"$scratch/held" 2>/dev/null &
    client=$!
    until [[ -s $scratch/held ]]; do sleep 0.05; done
    process=$(<"$scratch/held")
    memory=0
    # OpenSSH has a second process for each connection, the parent of the first.
    while [[ " ${servers[*]} " != *" $process "* && $process -gt 1 ]]; do
        more=$(sed -n 's/^Private_\(Dirty\|Clean\): *\([0-9]*\) kB/\2/p' "/proc/$process/smaps_rollup" | paste -sd+)
        memory=$((memory + more))
        process=$(sed -n 's/^PPid:\t//p' "/proc/$process/status")
    done
    kill "$client"
    wait "$client" 2>/dev/null || true
    rm -f "$scratch/held"
    say "memory of one connection, $name: $memory KiB"
done

# transfer SERVER CIPHER LINE: one line of sftp.
transfer() {
    echo "$3" >"$scratch/batch"
    sftp -q -b "$scratch/batch" "${quiet[@]}" -c "$2" -P "${port[$1]}" root@127.0.0.1 >/dev/null
}
for cipher in chacha20-poly1305@openssh.com aes256-gcm@openssh.com; do
    for direction in put get; do
        rm -f "$scratch"/times-*
        # In turn, so that what else the machine does meets both.
        for _ in $(seq "$transfers"); do
            for name in davit OpenSSH; do
                rm -f "$scratch/memory/copy"
                begun=$(date +%s%N)
                transfer "$name" "$cipher" "$direction $scratch/memory/file $scratch/memory/copy"
                echo $((($(date +%s%N) - begun) / 1000000)) >>"$scratch/times-$name"
                cmp -s "$scratch/memory/file" "$scratch/memory/copy" || fail "$name: the copy differs"
            done
        done
        own=$(median "$transfers" <"$scratch/times-davit")
        theirs=$(median "$transfers" <"$scratch/times-OpenSSH")
        say "$direction of $mebibytes MiB, $cipher: davit $((mebibytes * 1000 / own)) MiB/s," \
            "OpenSSH $((mebibytes * 1000 / theirs)) MiB/s ($((theirs * 100 / own)) %)"
    done
done

# What one connection that has carried a file both ways adds: memory that no other process shares.
for name in davit OpenSSH; do
    rm -f "$scratch/memory/copy"
    mkfifo "$scratch/lines" 2>/dev/null || true
    sftp -q -b - "${quiet[@]}" -P "${port[$name]}" root@127.0.0.1 <"$scratch/lines" >"$scratch/said" &
    client=$!
    exec 7>"$scratch/lines"
    echo "put $scratch/memory/file $scratch/memory/copy" >&7
    echo "get $scratch/memory/copy $scratch/memory/back" >&7
    echo "!touch $scratch/done" >&7
    until [[ -e $scratch/done ]]; do sleep 0.05; done
    memory=0
    [[ $name == davit ]] && listener=${servers[0]} || listener=${servers[2]}
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

# Logins from addresses that the server has never seen, while 10,000 strangers a minute come from everywhere; server,
# strangers and client share this machine's processors.
unshare --net sleep infinity &
servers+=($!)
inside=(nsenter --target $! --net)
until [[ $(readlink "/proc/${servers[-1]}/ns/net") != $(readlink /proc/self/ns/net) ]]; do sleep 0.05; done
"${inside[@]}" sh -c 'ip link set lo up && ip address add 10.66.0.1/32 dev lo &&
    ip route add local 128.0.0.0/2 dev lo && ip route add local 198.18.0.0/15 dev lo'
mkdir "$scratch/run-flood"
DAVIT_RUN=$scratch/run-flood "${inside[@]}" "$davit" sshd --listen 10.66.0.1:22 --config "$scratch/etc" >/dev/null 2>&1 &
servers+=($!)
accepted() { sed -n 's/.*"accepted": \([0-9]*\).*/\1/p' "$scratch/run-flood/ssh/listener.json" 2>/dev/null || true; }
until [[ -n $(accepted) ]]; do sleep 0.05; done
from=0
# stranger_login: the time that one takes in milliseconds, or nothing where it was not let in.
stranger_login() {
    from=$((from + 1))
    local begun
    begun=$(date +%s%N)
    if "${inside[@]}" ssh "${quiet[@]}" -b "198.18.$from.7" root@10.66.0.1 version >/dev/null 2>&1; then
        echo $((($(date +%s%N) - begun) / 1000000)) >>"$scratch/times-flood"
    fi
}
mkfifo "$scratch/ending"
for kind in none silent greeting exchanging all; do
    rm -f "$scratch/times-flood"
    touch "$scratch/times-flood"
    before=$(accepted)
    if [[ $kind != none ]]; then
        "${inside[@]}" python3 "$davit_root/Tests/Fixtures/ssh/flood.py" 10.66.0.1 22 128.0.0.0/2 "$kind" 10000 \
            <"$scratch/ending" >"$scratch/flooded" &
        flood=$!
        exec 7>"$scratch/ending"
        until (($(accepted) > before + 700)); do sleep 0.05; done
    fi
    for _ in $(seq 20); do stranger_login; done
    words=
    if [[ $kind != none ]]; then
        exec 7>&-
        wait "$flood"
        words=$(awk '{ printf "; %d strangers a minute", $1 / $3 * 60 }' "$scratch/flooded")
    fi
    count=$(wc -l <"$scratch/times-flood")
    ((count > 0)) || fail "nobody gets in while strangers come ($kind)"
    say "login, strangers: $kind: median $(median "$count" <"$scratch/times-flood") ms," \
        "worst $(sort -n "$scratch/times-flood" | tail -n 1) ms, $((20 - count)) of 20 not let in$words"
done
