import Foundation
import LabKit
import Testing

/// What goes wrong around davit, and what `davit status` says then; docs/faults.md has the whole table.
@Suite(.serialized)
struct FaultStories {
    /// For a script: waiting, and davit's services under the loop that an initramfs starts them with.
    private static let beginning = """
        # await SECONDS CONDITION: until it holds.
        await() {
            left=$1
            until eval "$2" >/dev/null 2>&1; do
                left=$((left - 1))
                [ $left -gt 0 ] || { echo "BAD: waited in vain for: $2"; davit status; davit log | tail -n 20; return 1; }
                sleep 1
            done
        }
        says() { davit status | grep -q "$1"; }
        # pid NAME: the process of a service.
        pid() { sed -n '/"name": *"'$1'"/,/"pid"/s/.*"pid": *\\([0-9]*\\).*/\\1/p' /run/davit/supervise.json | head -n 1; }
        supervisor() { sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p' /run/davit/supervise.json | head -n 1; }
        both() { echo "$(pid net) $(pid sshd)"; }
        # running WORDS: the first other process of davit whose arguments begin so.
        running() {
            for p in /proc/[0-9]*; do
                case "$(tr '\\0' ' ' <$p/cmdline 2>/dev/null)" in "davit $1"*) echo ${p#/proc/}; return 0 ;; esac
            done
            return 1
        }
        mkdir -p /etc/davit
        davit keygen /etc/davit | grep ^ssh- >/etc/davit/authorized_keys
        echo "interface = d0" >/etc/davit/davit.conf
        ip link set lo up
        (while :; do davit supervise; sleep 1; done) >/dev/null 2>&1 &

        """

    @Test(
        "NIC late, router off, cable out, SIGKILL of each process, clock jumps, /run full, out of memory, no LIO: and what status says."
    )
    func faults() async throws {
        let images = try StoryImages()
        let disk = try images.make("disk", megabytes: 16)
        try await run(["mke2fs", "-q", "-t", "ext4", disk])
        let system = try await RescueSystem.forRepairs()
        let told = try await system.run(
            Self.beginning + """
                await 180 'davit log | grep "d0: there is no such interface"'
                await 180 'says "sshd: running"'
                echo "== late"; davit status
                davit modules load dummy >/dev/null; ip link add d0 type dummy
                await 180 'says "d0: .*; tries: [2-9]" || says "d0: .*; tries: [1-9][0-9]"'
                echo "== router"; davit status
                echo 0 >/sys/class/net/d0/carrier
                await 180 'says "no carrier"'
                echo "== cable"; davit status
                echo 1 >/sys/class/net/d0/carrier
                await 180 '! says "no carrier"'
                echo "== plugged"; davit status

                for name in net sshd; do
                    old=$(pid $name)
                    kill -9 $old
                    await 180 '[ -n "$(pid '$name')" ] && [ "$(pid '$name')" != '$old' ]'
                done
                echo "== killed"; davit status
                old="$(both)"
                kill -9 $(supervisor)
                await 180 '[ "$(both)" != "'"$old"'" ] && says "net: running" && says "sshd: running"'
                echo "== supervisor"; davit status
                davit log | grep -c 'there is no such interface' | sed 's/^/kept: /'
                printf '%s\\n' '#!/bin/sh' 'echo "Pass 1: Checking inodes, blocks, and sizes"' 'exec sleep 600' >/checker
                chmod 0755 /checker
                davit repair --check --checker /checker /dev/vda >/dev/null 2>&1 &
                await 180 'says "check 1 of ext4" && running job'
                kill -9 $(running job)
                await 180 'says "interrupted"'
                echo "== job"; davit status

                before=$(both)
                tries() { davit status --json | sed -n 's/.*"tries": *\\([0-9]*\\).*/\\1/p' | head -n 1; }
                for time in '1999-01-01 00:00:00' '2037-01-01 00:00:00'; do
                    date -s "$time" >/dev/null
                    now=$(tries)
                    await 180 '[ "$(tries)" -gt '$now' ]'
                done
                echo "== clock"; davit status
                [ "$before" = "$(both)" ] && echo "the same processes"

                mount -o remount,size=4m /run
                dd if=/dev/zero of=/run/upload bs=4096 2>/dev/null
                old=$(running net)
                kill -9 $old
                await 180 'davit log | tail -n 50 | grep "net ended with signal 9"'
                await 180 '[ -n "$(running net)" ] && [ "$(running net)" != '$old' ]'
                echo "== full"; davit status
                rm /run/upload
                await 180 '[ "$(pid net)" = "$(running net)" ] && says "d0: .*; tries: "'
                echo "== emptied"; davit status
                mount -o remount,size=50% /run

                before=$(both)
                tail /dev/zero
                await 180 'says "memory ran out"'
                echo "== memory"; davit status
                [ "$before" = "$(both)" ] && echo "the same processes"

                echo "== no LIO"; davit export /dev/vda --listen 127.0.0.1; echo "code=$?"
                davit status
                """, disks: [disk], within: .seconds(1200))
        print(told)
        #expect(!told.contains("BAD"))
        func expect(_ name: String, _ words: Regex<Substring>...) throws {
            let said = try part(name, of: told)
            for words in words { #expect(said.firstMatch(of: words) != nil, "\(name): \(said)") }
        }
        try expect(
            "late", /d0: absent since [^;]*; last error: There is no such interface\./,
            /net: running since/)
        try expect("router", /d0: .* since .*; tries: \d+; next (?:in|now)/)
        try expect("cable", /d0: .*; no carrier \(is the cable in\?\)/)
        #expect(try !part("plugged", of: told).contains("no carrier"))
        try expect(
            "killed", /net: running since .*; started 2 times; last ended with signal 9/,
            /sshd: running since .*; started 2 times; last ended with signal 9/)
        try expect("supervisor", /net: running since/, /sshd: running since/, /kept: 1/)
        try expect("job", /check 1 of ext4 on \/dev\/vda: was interrupted in:/)
        // Neither 1999 nor 2037: nothing has been since longer than the machine runs.
        try expect(
            "clock", /net: running since [\d.]+ (?:ms|s|min)\b/, /the same processes/,
            /sshd: running since [\d.]+ (?:ms|s|min)\b/)
        try expect("full", /Room      .*\/run\/davit is full: what stands below may be old/)
        #expect(try !part("emptied", of: told).contains("is full"))
        try expect(
            "memory", /memory ran out and the kernel ended a process .*Killed process/,
            /the same processes/)
        try expect("no LIO", /target_core_mod/, /code=1/, /net: running since/)
        #expect(try !part("no LIO", of: told).contains("Export"))
    }

    #if arch(x86_64)
        /// Debian's kernels have no /dev/pmsg0 (`# CONFIG_PSTORE_PMSG is not set`): what ramoops keeps is the kernel's log,
        /// and so what davit said there.
        @Test("What mattered before an orderly reset, and before a panic, is read after it.")
        func previous() async throws {
            let system = try await RescueSystem.forRepairs()
            let told = try await system.run(
                Self.beginning + """
                    davit modules load ramoops >/dev/null || echo "BAD: no ramoops"
                    [ -e /dev/pmsg0 ] && echo "BAD: this kernel has a pmsg0; README and docs/faults.md say that Debian's have none"
                    mount -t pstore pstore /sys/fs/pstore
                    previous=$(davit log --previous 2>&1)
                    case $previous in
                    Nothing*)
                        echo "== first"; echo "$previous"
                        davit reboot || echo "BAD: no reset" ;;
                    *reset*)
                        echo "== after the reset"; echo "$previous"
                        rm /sys/fs/pstore/*
                        await 180 '[ -n "$(pid net)" ]'
                        kill -9 $(pid net)
                        await 180 'davit log | grep "net ended with signal 9"'
                        echo c >/proc/sysrq-trigger ;;
                    *)
                        echo "== after the panic"; echo "$previous"
                        echo "== of now"; davit log
                        echo "== end"; exit ;;
                    esac
                    sleep 400
                    echo "BAD: no reset"
                    """, disks: [], within: .seconds(900),
                parameters: [
                    "memmap=1M$0x10000000", "ramoops.mem_address=0x10000000",
                    "ramoops.mem_size=0x100000", "ramoops.record_size=0x20000",
                    "ramoops.max_reason=4",
                ], restarts: true)
            print(told)
            #expect(!told.contains("BAD"))
            #expect(try part("first", of: told).contains("from before the last reset"))
            let reset = try part("after the reset", of: told)
            #expect(
                reset.firstMatch(
                    of: /(?m)^\d+\.\d+ reboot: was asked to stop everything and reset$/) != nil)
            let panic = try part("after the panic", of: told)
            #expect(panic.firstMatch(of: /(?m)^\d+\.\d+ supervise: net ended with signal 9/) != nil)
            #expect(panic.contains("Kernel panic - not syncing: sysrq triggered crash"))
            #expect(!panic.contains("was asked to stop"))
            // The recorder itself is of this boot only.
            #expect(try !part("of now", of: told).contains("signal 9"))
        }
    #endif
}
