# shellcheck shell=bash
# a key's derivation against `cryptsetup open --test-passphrase`, nine disks at once against nine times that
# Sourced by scripts/bench.
# shellcheck disable=SC2154 # davit_root comes from common.sh.

davit=$davit_root/dist/davit
runs=${DAVIT_BENCH_RUNS:-5}
disks=9

have cryptsetup || fail "cryptsetup is missing. Install cryptsetup-bin."
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
export DAVIT_RUN=$scratch/run DAVIT_DEV=$scratch/dev
mkdir -p "$DAVIT_RUN" "$DAVIT_DEV"
printf 'Elf Rettungsringe 4711' >"$scratch/key"

# What cryptsetup gives a disk on a small machine: 256 MiB, four passes, two threads. Nothing is measured for it.
for ((disk = 1; disk <= disks; disk++)); do
    truncate -s 20M "$scratch/$disk"
    cryptsetup -q luksFormat --type luks2 --pbkdf argon2id --pbkdf-memory 262144 --pbkdf-force-iterations 4 \
        --pbkdf-parallel 2 --key-file "$scratch/key" "$scratch/$disk"
    echo "disk$disk $scratch/$disk none luks" >>"$scratch/crypttab"
done
head -1 "$scratch/crypttab" >"$scratch/first"

with_davit() { "$davit" unlock --test --crypttab "$1" --key-file "$scratch/key" >/dev/null 2>"$scratch/words"; }
with_cryptsetup() {
    local disk
    for ((disk = 1; disk <= $1; disk++)); do
        cryptsetup open --test-passphrase --key-file "$scratch/key" "$scratch/$disk"
    done
}
# milliseconds COMMAND...: how long it takes.
milliseconds() {
    local begun
    begun=$(date +%s%N)
    "$@" || fail "$* failed"
    echo $((($(date +%s%N) - begun) / 1000000))
}
middle() { sort -n "$1" | sed -n "$((runs / 2 + 1))p"; }

# In turn, so that what else the machine does meets all of them.
for ((run = 0; run < runs; run++)); do
    milliseconds with_davit "$scratch/first" >>"$scratch/davit-1"
    milliseconds with_cryptsetup 1 >>"$scratch/cryptsetup-1"
    milliseconds with_davit "$scratch/crypttab" >>"$scratch/davit-$disks"
    milliseconds with_cryptsetup "$disks" >>"$scratch/cryptsetup-$disks"
done
for count in 1 "$disks"; do
    ours=$(middle "$scratch/davit-$count") theirs=$(middle "$scratch/cryptsetup-$count")
    what="one disk"
    if ((count > 1)); then what="$count disks with one passphrase"; fi
    say "$what (Argon2id, 256 MiB each): davit $ours ms, cryptsetup $theirs ms; $((ours * 100 / theirs)) %"
done
say "medians of $runs; $(nproc) processors, $(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo) MiB available"
