# shellcheck shell=bash disable=SC2154 # Sourced by scripts/bench.
# apply and stop of exports; their throughput; against targetcli-fb and a script by hand; in a virtual machine

"$davit_root/Tests/LabExport/run" bench | awk '
    NF == 3 { values[$1, $2, ++count[$1, $2]] = $3; next }
    { print >"/dev/stderr" }
    # The median of three.
    function median(tool, what, a, b, c) {
        a = values[tool, what, 1] + 0; b = values[tool, what, 2] + 0; c = values[tool, what, 3] + 0
        return a > b ? (b > c ? b : (a > c ? c : a)) : (a > c ? a : (b > c ? c : b))
    }
    function row(label, what, form, tools, number, list, i, line) {
        line = sprintf("%-18s", label)
        number = split(tools, list, " ")
        for (i = 1; i <= number; i++) {
            if (count[list[i], what] != 3) { print "bench: not all was measured" >"/dev/stderr"; failed = 1; exit 1 }
            line = line sprintf(" %10s", sprintf(form, median(list[i], what)))
        }
        print line
    }
    END {
        if (failed) exit 1
        all = "davit hand targetcli targetctl"
        printf "%-18s %10s %10s %10s %10s\n", "milliseconds", "davit", "by hand", "targetcli", "targetctl"
        row("3 disks, apply", "3-apply", "%d", all)
        row("3 disks, stop", "3-stop", "%d", all)
        row("64 disks, apply", "64-apply", "%d", all)
        row("64 disks, stop", "64-stop", "%d", all)
        printf "%-18s\n", "MiB a second"
        row("read", "read", "%.1f", "davit hand")
        row("write", "write", "%.1f", "davit hand")
        printf "read: %.0f %% of the hand-made target; write: %.0f %%\n", \
            100 * median("davit", "read") / median("hand", "read"), 100 * median("davit", "write") / median("hand", "write")
    }'
