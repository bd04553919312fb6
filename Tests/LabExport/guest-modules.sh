# shellcheck shell=sh disable=SC2012 # Names without blanks.
# 'davit modules load': uploaded files and trees, on a machine that has no modprobe.
release=$(uname -r)
other=$(cat /other/release)
bad=0
complain() { echo "BAD: $*"; cat /tmp/said; bad=1; }
# loads STATUS TEXT ARGUMENT...: davit modules load ARGUMENT... ends with STATUS and says TEXT.
loads() {
    status=$1
    text=$2
    shift 2
    davit modules load "$@" >/tmp/said 2>&1
    ended=$?
    [ $ended = "$status" ] || complain "'modules load $*' ended with $ended"
    grep -qF "$text" /tmp/said || complain "'modules load $*' does not say: $text"
    count=$((count + 1))
}
# A machine whose own tree is there would find what an upload lacks.
hide() { mv /lib/modules /lib/hidden; }
show() { mv /lib/hidden /lib/modules; }
is_loaded() { grep -q "^$1 " /proc/modules; }
count=0
mkdir /empty
loads 1 "/empty/none.ko holds no kernel modules" /empty/none.ko
loads 1 "/empty/ holds no kernel modules" /empty/
loads 1 "No kernel module nobody_has_it" nobody_has_it
dd if=/dev/urandom of=/empty/noise.ko bs=4k count=1 2>/dev/null
loads 1 "/empty/noise.ko is no kernel module: it does not begin like an ELF file" /empty/noise.ko

# Of another kernel: plain, and as each distribution packs them.
for file in /other/target_core_mod.ko*; do
    loads 1 "$file is built for the kernel $other, and $release runs" "$file"
done
is_loaded target_core_mod && complain "a module of another kernel was loaded"

# A few files without modules.dep: what each needs is in the files themselves.
hide
for directory in /upload/*; do
    loads 0 "dm_snapshot: loaded" "$directory"
    is_loaded dm_snapshot || complain "$directory was not loaded"
    loads 0 "dm_snapshot: is there already" "$directory"
    # By file, in an order that cannot be kept.
    loads 0 "dm_snapshot: is there already" "$directory"/dm-snapshot.* "$directory"/dm-mod.*
    rmmod dm_snapshot dm_bufio dm_mod || complain "the modules cannot be taken out again"
    loads 0 "dm_bufio: loaded" "$directory/" dm-snapshot
    rmmod dm_snapshot dm_bufio dm_mod || complain "the modules cannot be taken out again"
done
first=$(ls -d /upload/* | head -n 1)
mkdir /lacking
cp "$first"/dm-snapshot.* /lacking/
loads 1 "No kernel module dm_" /lacking/
show

# A whole tree elsewhere, as an unpacked kernel package has it, and the running system's own.
mkdir /package
mv /lib /package/lib
loads 1 "a whole kernel's. Name those to load after it" /package
loads 0 "iscsi_target_mod: loaded" /package target-core-iblock iscsi_target_mod
is_loaded target_core_mod || complain "what the target needs was not loaded"
mv /package/lib /lib
loads 0 "dm_snapshot: loaded" dm_snapshot
loads 0 "dm_snapshot: is there already" dm-snapshot
echo "loads tried: $count"
[ $bad = 0 ] && echo "STORY GOOD"
