import Foundation
import LabKit
import Testing

/// Repairs that only a kernel can show: on Linux 6.12 with real disks.
@Suite(.serialized)
struct RepairStories {
    @Test(
        "The three unclean members of a bcachefs: found, planned, tried on overlays, repaired, mounted."
    )
    func bcachefs() async throws {
        let images = try StoryImages()
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/images")
        var disks: [String] = []
        for index in 0..<3 {
            let disk = images.path("member-\(index)")
            let packed = fixtures.appendingPathComponent("bcachefs-1.13-unclean-\(index).img.xz")
                .path
            try await run(["sh", "-c", "xz -dc \"$0\" >\"$1\"", packed, disk])
            disks.append(disk)
        }
        // Where it is not, RepairTests.BcachefsToolsTests are skipped and say why.
        let tools = try await images.bcachefsTools()
        if let tools { disks.append(tools) }
        let system = try await RescueSystem.forRepairs()
        let told = try await system.run(
            """
            sums() { md5sum /dev/vda /dev/vdb /dev/vdc; }
            sums >/before
            echo "== look"; davit repair
            echo "== check"; davit repair --check --kernel /dev/vdb; echo "code=$?"
            sums | cmp - /before && echo "not written"
            echo "== fsck"; davit repair --check --kernel-fsck /dev/vdb; echo "code=$?"
            sums | cmp - /before && echo "not written"
            echo "== trial"; davit repair --trial --kernel /dev/vdb; echo "code=$?"
            sums | cmp - /before && echo "not written"
            ls /dev/dm-* 2>/dev/null || echo "nothing left"
            echo "== fsck trial"; davit repair --trial --kernel-fsck /dev/vdb; echo "code=$?"
            sums | cmp - /before && echo "not written"
            echo "== image trial"; mkdir /images; mount -t tmpfs -o size=90% images /images
            for disk in a b c; do cat /dev/vd$disk >/images/$disk; done; md5sum /images/* >/before-images
            davit repair --trial --kernel /images/b /images/a /images/c; echo "code=$?"
            md5sum /images/* | cmp - /before-images && echo "not written"
            ls /dev/dm-* 2>/dev/null || echo "nothing left"
            echo "== run"; davit repair --run --yes --kernel /dev/vdb; echo "code=$?"
            echo "== mount"; mount -t bcachefs /dev/vda:/dev/vdb:/dev/vdc /mnt && find /mnt -type f | wc -l
            find /mnt -type f -exec cat {} + >/dev/null && echo "all read"
            cd /mnt/home; md5sum -c ../SUMS 2>&1 | grep -c ': OK$'; cd /
            umount /mnt
            echo "== after"; davit repair
            echo "== transcript"; cat /run/davit/repair/6/transcript
            [ -b /dev/vdd ] || exit 0
            echo "== tools"; tar -xf /dev/vdd -C /root; mkdir -p /dev/pts; mount -t devpts pts /dev/pts
            davit repair --trial /images/b /images/a /images/c; echo "code=$?"
            md5sum /images/* | cmp - /before-images && echo "not written"
            ls /dev/dm-* 2>/dev/null || echo "nothing left"
            davit repair --run --yes /images/b /images/a /images/c; echo "run=$?"
            davit repair --check /images/a /images/b /images/c; echo "check=$?"
            davit repair /images/a /images/b /images/c; cat /run/davit/repair/8/transcript
            """, disks: disks, within: .seconds(900))
        print(told)
        let look = try part("look", of: told)
        #expect(look.contains("member 0: /dev/vda"))
        #expect(look.contains("journal to be replayed, entries 14-23"))
        #expect(look.contains("mount -t bcachefs -o fsck,fix_errors=yes,verbose"))
        for name in ["check", "fsck", "trial", "fsck trial"] {
            let said = try part(name, of: told)
            #expect(said.contains("not written"), "\(said)")
            #expect(!said.contains("code=8"), "\(said)")
        }
        let trial = try part("trial", of: told)
        #expect(trial.contains("After the repair: "))
        #expect(trial.contains("All that can be reached now can be reached after the repair too."))
        // Every file was read before and after, and holds the same.
        let read = try #require(
            trial.firstMatch(
                of: /Of (\d+) files that were read before, (\d+) were read again: (\d+) hold/))
        #expect(read.1 == read.2 && read.2 == read.3 && read.1 != "0", "\(trial)")
        #expect(trial.contains("nothing left"))
        // The kernel's own fsck goes through all its passes, and mounts nothing.
        let fsck = try part("fsck trial", of: told)
        #expect(
            fsck.contains("code=0") && fsck.contains("journal entries 14-23 replayed"), "\(fsck)")
        #expect(fsck.contains("All that can be reached now can be reached after the repair too."))
        // Image files of the members: attached read-only, and let go of again.
        let onImages = try part("image trial", of: told)
        #expect(onImages.contains("All that can be reached now can be reached after the repair"))
        for words in ["code=0", "not written", "nothing left"] {
            #expect(onImages.contains(words), "\(onImages)")
        }
        let repaired = try part("run", of: told)
        #expect(repaired.contains("code=0") || repaired.contains("code=1"), "\(repaired)")
        #expect(repaired.contains("journal entries 14-23 replayed"))
        #expect(repaired.contains("after: clean, journal empty"))
        // All files are there, and those whose sums lie beside them hold what they held when the file system was made.
        let files = try part("mount", of: told).split(separator: "\n").map(String.init)
        #expect(["288", "all read", "62"].allSatisfy(files.contains), "\(files)")
        #expect(try part("after", of: told).contains("clean, journal empty"))
        #expect(try part("transcript", of: told).contains("journal_replay... done"))
        guard tools != nil else { return }
        // bcachefs-tools, uploaded: in user space, with the kernel's bcachefs beside it.
        let inUserSpace = try part("tools", of: told)
        for words in [
            "code=0", "not written", "nothing left", "run=0", "check=0", "clean, journal empty",
            "All that can be reached now can be reached after the repair",
            "Running userspace offline fsck", "journal entries 14-23 replayed",
        ] { #expect(inUserSpace.contains(words), "\(inUserSpace)") }
    }

    @Test(
        "A broken ext4 and an XFS with a dirty log: tried on overlays and repaired; the record goes to a disk."
    )
    func extAndXFS() async throws {
        let images = try StoryImages()
        let ext = try images.make("ext", megabytes: 64)
        let xfs = try images.make("xfs", megabytes: 320)
        let log = try images.make("log", megabytes: 16)
        let tree = images.directory.appendingPathComponent("tree")
        for number in 0..<40 {
            let place = tree.appendingPathComponent("place\(number % 4)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data(repeating: 7, count: 5000).write(
                to: place.appendingPathComponent("file\(number)"))
        }
        try await run(["mke2fs", "-q", "-t", "ext4", "-d", tree.path, ext])
        try await run(["mke2fs", "-q", "-t", "ext4", log])
        // One directory loses its inode: nobody reaches what was in it before e2fsck moves that to lost+found.
        try await run(["debugfs", "-w", "-R", "clri /place2", ext])
        let replay = try images.make("replay", megabytes: 64)
        try await run(["mke2fs", "-q", "-t", "ext4", replay])
        let commands = images.path("commands")
        try Data("jo\njw -b 5000 /dev/zero\njc\n".utf8).write(to: URL(fileURLWithPath: commands))
        try await run(["debugfs", "-w", "-f", commands, replay])
        let stick = try images.make("stick", megabytes: 8)
        try await run(["mkfs.vfat", stick])
        let system = try await RescueSystem.forRepairs()
        let told = try await system.run(
            """
            # Sectors that were written to it since the boot.
            written() { awk '{ print $7 }' /sys/block/$1/stat; }
            written vda >/before
            echo "== look"; davit repair /dev/vda
            echo "== trial"; davit repair --trial /dev/vda; echo "code=$?"
            written vda | cmp - /before && echo "not written"
            ls /dev/dm-* 2>/dev/null || echo "nothing left"
            echo "== full"; mkdir /small; mount -t tmpfs -o size=2m small /small
            davit repair --trial --overlay-in /small /dev/vda; echo "code=$?"
            echo "== refused"; davit repair --run --yes --log-to /dev/vda /dev/vda; echo "code=$?"
            echo "== run"; davit repair --run --yes --log-to /dev/vdc /dev/vda; echo "code=$?"
            mkdir /log; mount -t ext4 -o ro /dev/vdc /log && ls /log/davit-repair-3; umount /log
            davit repair --check /dev/vda; echo "check=$?"
            echo "== xfs"; davit modules load xfs >/dev/null; mkfs.xfs -q /dev/vdb; mount -t xfs /dev/vdb /mnt
            n=0; while [ $n -lt 50 ]; do echo $n >/mnt/file$n; n=$((n + 1)); done; sync
            n=0; while [ $n -lt 50 ]; do echo $n >/mnt/late$n; n=$((n + 1)); done
            xfs_io -x -c 'shutdown -f' /mnt; umount /mnt
            davit repair /dev/vdb; xfs_logprint -t /dev/vdb | grep "log tail"
            written vdb >/before
            echo "== xfs trial"; davit repair --trial --kernel /dev/vdb; echo "code=$?"
            written vdb | cmp - /before && echo "not written"
            echo "== xfs run"; davit repair --run --yes --kernel /dev/vdb; echo "code=$?"
            davit repair --check /dev/vdb; echo "check=$?"
            mount -t xfs /dev/vdb /mnt; ls /mnt | wc -l
            echo "== mounted"; davit repair --run --yes /dev/vdb; echo "code=$?"; umount /mnt
            echo "== replay"; davit repair /dev/vdd
            davit repair --run --yes --kernel /dev/vdd; echo "code=$?"
            echo "== killed"; davit repair --trial /dev/vda >/dev/null 2>&1 &
            until ls /dev/dm-0 >/dev/null 2>&1; do sleep 0.1; done
            kill -9 $(sed -n 's/.*"pid": \\([0-9]*\\).*/\\1/p' /run/davit/repair/9/record.json)
            wait
            davit repair --check /dev/vda; echo "code=$?"
            ls /dev/dm-* 2>/dev/null || echo "nothing left"
            echo "== flood"; printf '#!/bin/sh\necho "Pass 1: Checking"; yes nothing | head -c 4000000; exit 4\n' >/root/e2fsck
            chmod 0755 /root/e2fsck; mount -t tmpfs -o size=1m small /small
            mkdir /full; mount -t tmpfs -o size=64k full /full
            DAVIT_RUN=/small davit repair --check --log-to /full --checker /root/e2fsck /dev/vda; echo "code=$?"
            grep -c '"state": "ended"' /small/repair/1/record.json
            grep -c '"state": "ended"' /full/davit-repair-1/record.json; rm /root/e2fsck
            echo "== image"; mkdir /images; mount -t tmpfs images /images
            head -c 16777216 /dev/zero >/images/e.img; mke2fs -q -F -t ext4 /images/e.img
            for words in "mkdir /lost" "clri /lost"; do debugfs -w -R "$words" /images/e.img; done 2>/dev/null
            md5sum /images/e.img >/before; davit repair --trial /images/e.img; echo "code=$?"
            md5sum /images/e.img | cmp - /before && echo "not written"
            ls /dev/dm-* 2>/dev/null || echo "nothing left"; losetup -a
            cp /images/e.img /images/f.img
            davit repair --run --yes /images/e.img; echo "run=$?"; davit repair --check /images/e.img; echo "check=$?"
            echo "== dialogue"; mkdir -p /dev/pts; mount -t devpts devpts /dev/pts; mkfifo /keys; trap '' PIPE
            md5sum /images/f.img >/before
            script -qefc "davit repair /images/f.img" /typed </keys >/dev/null 2>&1 &
            dialogue=$!; exec 7>/keys
            asked() { n=0; until grep -qF "$1" /typed 2>/dev/null || [ $n = 1500 ]; do n=$((n + 1)); sleep 0.2; done; }
            asked "Check now, read-only? (yes/no)"; echo yes >&7
            asked "Try the repair on overlays, so that nothing on the disks changes? (yes/no)"; echo yes >&7
            asked "Write to ext4"; md5sum /images/f.img | cmp - /before && echo "not written before the last yes"
            asked "f.img? (yes/no)"; echo yes >&7
            wait $dialogue; echo "code=$?"; exec 7>&-; cat /typed; davit repair --check /images/f.img; echo "check=$?"
            echo "== cut"; export DAVIT_RUN=/run/cut; mkdir /run/cut; cat /dev/vde >/images/other
            printf '#!/bin/sh\\n[ "$1" = -V ] && exit 0\\necho "Pass 1: Checking"; yes nothing | head -c 3000000; exec sleep 2000\n' >/root/e2fsck
            chmod 0755 /root/e2fsck
            davit repair --check --patience 3 --checker /root/e2fsck --log-to /dev/vde /dev/vda >/dev/null 2>&1 &
            n=0; until grep -q '"at": [0-9]' /run/cut/repair/1/record.json 2>/dev/null || [ $n = 600 ]; do n=$((n + 1)); sleep 0.5; done
            grep '"failure": "' /run/cut/repair/1/record.json
            job=$(sed -n 's/.*"pid": \\([0-9]*\\).*/\\1/p' /run/cut/repair/1/record.json); held=
            mounted() { while read -r line; do case $line in */repair/log-*) return 0;; esac; done; return 1; }
            # The process that copies is stopped while the device is mounted.
            until [ "$held" ] || [ "$(cut -d. -f1 /proc/uptime)" -gt 800 ]; do
                read -r all </proc/$job/task/$job/children
                for one in $all; do
                    mounted </proc/$one/mountinfo || continue
                    kill -STOP $one; sleep 0.3
                    if mounted </proc/$one/mountinfo; then held=$one; else kill -CONT $one; fi
                done
            done 2>/dev/null
            dd if=/dev/vde of=/images/cut bs=65536 iflag=direct 2>/dev/null
            kill -CONT $held; davit repair cancel --kill >/dev/null; wait
            # As others leave it, without davit's mark.
            printf '\\001' | dd of=/images/other bs=1 seek=37 conv=notrunc 2>/dev/null
            mount -t ext4 /dev/vdc /log; echo more >/log/more; sync; cat /dev/vdc >/images/ext; umount /log
            rm -r /root/e2fsck /run/cut/repair
            for name in cut other ext; do
                echo "-- $name"; disk=$(losetup -f); losetup $disk /images/$name
                davit repair $disk | head -n 1; davit repair --check --log-to $disk /dev/vda; echo "code=$?"
                mount -o ro $disk /log; ls /log /log/davit-repair-*; umount /log; losetup -d $disk
            done
            echo "-- device"; mount -o ro /dev/vde /log; ls /log; umount /log; davit repair /dev/vde | head -n 1
            """, disks: [ext, xfs, log, replay, stick], within: .seconds(900))
        print(told)
        let trial = try part("trial", of: told)
        #expect(trial.contains("not written") && trial.contains("nothing left"), "\(trial)")
        #expect(trial.contains("code=1"), "\(trial)")
        #expect(trial.contains("Before: 30 files and 4 directories"), "\(trial)")
        #expect(trial.contains("After the repair: 40 files"), "\(trial)")
        #expect(trial.contains("more can be reached than before"))
        #expect(
            trial.contains(
                "Of 30 files that were read before, 30 were read again: 30 hold the same"),
            "\(trial)"
        )
        #expect(try part("full", of: told).contains("too few for the overlays"))
        #expect(try part("refused", of: told).contains("it is a member of what is to be repaired"))
        let repaired = try part("run", of: told)
        #expect(repaired.contains("code=1"), "\(repaired)")
        #expect(repaired.contains("record.json") && repaired.contains("transcript"))
        #expect(repaired.contains("check=0"), "\(repaired)")
        // The same ends as those that xfs_logprint finds by the kernel's own code.
        let dirty = try part("xfs", of: told)
        let range = try #require(
            dirty.firstMatch(
                of: /log dirty from 1:(\d+) to 1:\d+ \(cycle:block\), (\d+) blocks in \d+ records?/),
            "\(dirty)")
        let first = try #require(Int(range.1))
        let blocks = try #require(Int(range.2))
        #expect(
            dirty.contains("log tail: \(first) head: \(first + blocks) state: <DIRTY>"), "\(dirty)")
        let tried = try part("xfs trial", of: told)
        #expect(tried.contains("not written") && tried.contains("code=0"), "\(tried)")
        let replayed = try part("xfs run", of: told)
        #expect(replayed.contains("the journal was replayed"), "\(replayed)")
        #expect(replayed.contains("log records 1:\(first)-1:"), "\(replayed)")
        #expect(replayed.contains("check=0"))
        #expect(try part("mounted", of: told).contains("It is in use (/dev/vdb: mounted at /mnt)"))
        let mounted = try part("replay", of: told)
        #expect(mounted.contains("journal to be replayed"), "\(mounted)")
        #expect(mounted.contains("the journal was replayed"), "\(mounted)")
        // No room for what it says: the record of the run is whole nevertheless.
        let flood = try part("flood", of: told)
        #expect(flood.contains("code=4\n1\n1"), "\(flood)")
        #expect(
            flood.contains(
                "No copy of the record in /full: Cannot write /full/davit-repair-1/transcript: No space"
            ), "\(flood)")
        let image = try part("image", of: told)
        for words in ["code=1", "not written", "nothing left", "run=1", "check=0"] {
            #expect(image.contains(words), "\(image)")
        }
        #expect(!image.contains("/dev/loop"), "\(image)")
        // The whole guide on a terminal, with a trial that goes well in the middle of it.
        let dialogue = try part("dialogue", of: told)
        for words in [
            "Nothing is lost, and more can be reached than before.",
            "not written before the last yes", "errors were corrected", "code=1", "check=0",
        ] { #expect(dialogue.contains(words), "\(words): \(dialogue)") }
        // What a reset in the middle of a copying leaves is taken again; what somebody else has left is not.
        let cut = try part("cut", of: told).components(separatedBy: "-- ")
        try #require(cut.count == 5, "\(cut)")
        #expect(cut[1].contains("not closed in order") && cut[1].contains("code=0"), "\(cut[1])")
        #expect(
            cut[1].contains("davit-copying") && cut[1].contains("davit-repair-1-2"), "\(cut[1])")
        #expect(cut[2].contains("its vfat is not closed in order, and a mount"), "\(cut[2])")
        #expect(cut[2].contains("code=1") && !cut[2].contains("record.json"), "\(cut[2])")
        #expect(cut[3].contains("journal to be replayed") && cut[3].contains("code=0"), "\(cut[3])")
        #expect(cut[3].contains("record.json"), "\(cut[3])")
        // The device itself, whose copies came to their ends.
        #expect(cut[4].contains(": clean, "), "\(cut[4])")
        #expect(!cut[4].contains("davit-copying"), "\(cut[4])")
        let killed = try part("killed", of: told)
        #expect(killed.contains("code=0") && killed.contains("nothing left"), "\(killed)")
        #expect(replayed.split(separator: "\n").last == "100", "\(replayed)")
    }

    @Test(
        "A checker that hangs in the kernel: the verdict in time, with stacks; a cancel that says what it waits for."
    )
    func hung() async throws {
        let images = try StoryImages()
        let disk = try images.make("ext", megabytes: 16)
        try await run(["mke2fs", "-q", "-t", "ext4", disk])
        let system = try await RescueSystem.forRepairs()
        let told = try await system.run(
            """
            davit modules load dm_mod >/dev/null
            dmsetup create held --noudevsync --noudevrules --table "0 32768 linear /dev/vda 0"
            disk=/dev/dm-0
            cat >/root/e2fsck <<'FAKE'
            #!/bin/sh
            [ "$1" = -V ] && { echo fake 1.0; exit 0; }
            echo "Pass 1: Checking"
            dmsetup suspend --noudevsync held
            exec dd if=/dev/dm-0 of=/dev/null bs=4096 count=1 iflag=direct
            FAKE
            chmod 0755 /root/e2fsck
            davit repair --check --checker /root/e2fsck $disk >/watched 2>&1 &
            seconds() { cut -d. -f1 /proc/uptime; }
            until grep -q Pass /run/davit/repair/1/transcript 2>/dev/null; do sleep 1; done
            begun=$(seconds)
            until grep -q '"hung"' /run/davit/repair/1/record.json || [ $(($(seconds) - begun)) -gt 400 ]; do sleep 1; done
            echo "== verdict"; echo "after $(($(seconds) - begun)) s"; davit repair list
            echo "== status"; davit status
            echo "== evidence"; sed 's/^==/--/' /run/davit/repair/1/evidence-1.txt
            echo "== cancel"; davit repair cancel; echo "code=$?"
            dmsetup resume --noudevsync held
            wait
            echo "== end"; davit repair list
            """, disks: [disk], within: .seconds(900))
        print(told)
        let verdict = try part("verdict", of: told)
        #expect(verdict.contains("hung: "))
        #expect(try part("status", of: told).contains("hung since"))
        let evidence = try part("evidence", of: told)
        // The verdict's own time, written down when it was reached: this story's clock also has what a busy machine
        // takes to start programs.
        let seconds = try #require(
            evidence.components(separatedBy: "no step for ").dropFirst().first.flatMap {
                Int($0.prefix { $0.isNumber })
            })
        #expect(seconds <= 120, "\(evidence)")
        #expect(evidence.contains("stack:") && evidence.contains("dd"), "\(evidence)")
        let cancel = try part("cancel", of: told)
        #expect(cancel.contains("code=99"))
        #expect(cancel.contains("the kernel holds it"), "\(cancel)")
        #expect(try part("end", of: told).contains("it was cancelled"))
    }
}
