# shellcheck shell=bash
# what being watched costs a checker, and how many lines a second are read
# Sourced by scripts/bench.
# shellcheck disable=SC2154 # davit_root comes from common.sh.

davit=$davit_root/dist/davit

for tool in mke2fs e2fsck; do
    have "$tool" || fail "$tool is missing. Install e2fsprogs."
done
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
export DAVIT_RUN=$scratch/run DAVIT_SYS=$scratch/sys DAVIT_DEV=$scratch/dev
mkdir -p "$DAVIT_RUN"

# median COMMAND...: the median wall time of nine runs, in milliseconds.
median() {
    local begun times=()
    for _ in 1 2 3 4 5 6 7 8 9; do
        begun=$(date +%s%N)
        "$@" >/dev/null 2>&1 </dev/null || true
        times+=($((($(date +%s%N) - begun) / 1000000)))
    done
    printf '%s\n' "${times[@]}" | sort -n | sed -n 5p
}

mkdir "$scratch/tree"
for directory in $(seq 200); do
    mkdir "$scratch/tree/$directory"
    (cd "$scratch/tree/$directory" && touch $(seq 250))
done
truncate -s 2G "$scratch/ext4.img"
mke2fs -q -t ext4 -d "$scratch/tree" "$scratch/ext4.img"
alone() { e2fsck -f -n -C 3 "$scratch/ext4.img" 3>/dev/null; }
watched() { "$davit" repair --check "$scratch/ext4.img"; }
alone >/dev/null 2>&1
say "e2fsck -f -n of 50 000 files, alone:    $(median alone) ms"
say "the same, watched by davit from start to end: $(median watched) ms"

# talk NAME IMAGE...: how long a checker of these members takes that only writes 500 000 lines.
count=500000
talk() {
    local name=$1
    shift
    cat >"$scratch/checker" <<END
#!/bin/sh
case "\$1" in -V | --version | version) exit 0 ;; esac
cat "$scratch/lines"
exit 0
END
    chmod 755 "$scratch/checker"
    local time
    time=$(median "$davit" repair --check --checker "$scratch/checker" "$@")
    say "$name: $((count * 1000 / (time > 0 ? time : 1))) lines/s"
}
seq -f '1 %.0f 500000 /dev/sda1' "$count" >"$scratch/lines"
talk "progress lines of e2fsck" "$scratch/ext4.img"
seq -f 'Inode %.0f, i_size is 99, should be 2048.  Fix? yes' "$count" >"$scratch/lines"
talk "errors of e2fsck" "$scratch/ext4.img"
if have mkfs.xfs; then
    truncate -s 320M "$scratch/xfs.img"
    mkfs.xfs -q "$scratch/xfs.img"
    seq -f '        - 12:34:56: process known inodes and inode discovery - %.0f of 500000 inodes done' "$count" >"$scratch/lines"
    talk "progress lines of xfs_repair" "$scratch/xfs.img"
fi
if have mkfs.btrfs; then
    truncate -s 128M "$scratch/btrfs.img"
    mkfs.btrfs -q "$scratch/btrfs.img" >/dev/null 2>&1
    seq -f '[2/7] checking extents                         (0:00:03 elapsed, %.0f items checked)' "$count" |
        tr '\n' '\r' >"$scratch/lines"
    talk "progress lines of btrfs check" "$scratch/btrfs.img"
fi
if have xz; then
    members=()
    for index in 0 1 2; do
        xz -dkc "$davit_root/Tests/Fixtures/images/bcachefs-1.13-unclean-$index.img.xz" >"$scratch/bcachefs-$index"
        members+=("$scratch/bcachefs-$index")
    done
    seq -f 'check_extents: 12%%, done %.0f/500000 nodes, at extents:4096:8:U32_MAX' "$count" >"$scratch/lines"
    talk "progress lines of bcachefs" "${members[@]}"
    seq "$count" | sed 's/.*/bch2_btree_update_start(): error journal_reclaim_would_deadlock/' >"$scratch/lines"
    talk "the flood of the recovery deadlock" "${members[@]}"
fi
