import Foundation
import LabKit
import Testing

/// What lies below file systems, with its own tools and the kernel's drivers: on Linux 6.12.
struct RepairLayerStory {
    /// A btrfs with two copies of its trees, one of which is broken in a node of the tree of files.
    private func brokenBtrfs(_ images: StoryImages) async throws -> String {
        let path = try images.make("btrfs", megabytes: 128)
        let tree = images.directory.appendingPathComponent("tree")
        try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
        for number in 0..<20 {
            try Data(repeating: UInt8(number), count: 9000).write(
                to: tree.appendingPathComponent("file\(number)"))
        }
        try await run(["mkfs.btrfs", "-q", "-m", "dup", "-r", tree.path, path])
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let identity = bytes[(65536 + 32)..<(65536 + 48)]
        func number(_ at: Int) -> UInt64 {
            bytes[at..<(at + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        // Tree blocks carry the file system's UUID at 32, their logical address at 48, their generation at 80, and their
        // tree at 88; 5 is the tree of files.
        let blocks = stride(from: 1 << 20, to: bytes.count - 16384, by: 4096).filter {
            bytes[($0 + 32)..<($0 + 48)] == identity && number($0 + 88) == 5
        }
        let newest = try #require(blocks.map { number($0 + 80) }.max())
        let copies = blocks.filter { number($0 + 80) == newest }
        let first = try #require(copies.first)
        try #require(copies.filter { number($0 + 48) == number(first + 48) }.count == 2)
        bytes.replaceSubrange((first + 200)..<(first + 264), with: Data(repeating: 0xA5, count: 64))
        try bytes.write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test(
        "An ext4 on LVM on LUKS on md: opened layer by layer, tried, repaired; with a member missing left alone until told."
    )
    func layers() async throws {
        let images = try StoryImages()
        var disks: [String] = []
        for name in ["a", "b", "c", "d"] { disks.append(try images.make(name, megabytes: 48)) }
        disks.append(try await brokenBtrfs(images))
        disks.append(try await images.foreign("tcrypt", "tc_5-sha512-xts-serpent-twofish-aes"))
        disks.append(try await images.foreign("bitlk", "bitlk-aes-xts-128.img"))
        let system = try await RescueSystem.forRepairs()
        let told = try await system.run(
            """
            davit modules load raid1 dm_crypt xts aes_generic sha256_generic >/dev/null
            pass='nothing but a test'
            # The resync of a new array is held up, so that it is still to be done when the array is assembled again.
            echo 1 >/proc/sys/dev/raid/speed_limit_min; echo 1 >/proc/sys/dev/raid/speed_limit_max
            mdadm --create /dev/md0 --level=1 --raid-devices=2 --metadata=1.2 --name=host:data --run /dev/vda /dev/vdb
            printf %s "$pass" | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/md0 -
            printf %s "$pass" | cryptsetup open --key-file - /dev/md0 plain
            lvm vgcreate -q store /dev/mapper/plain; lvm lvcreate -q -y -Z n -W n -n files -L 16M store
            lvm vgcreate -q pair /dev/vdc /dev/vdd
            # Without udev nobody makes the nodes of volumes: dm-0 is the opened LUKS, dm-1 the volume on it.
            mke2fs -q -t ext4 -b 1024 -L layered /dev/dm-1
            mount -t ext4 /dev/dm-1 /mnt; n=0
            while [ $n -lt 20 ]; do head -c 5000 /dev/urandom >/mnt/file$n; n=$((n + 1)); done
            umount /mnt; debugfs -w -R "sif /file3 size 100" /dev/dm-1 2>/dev/null
            lvm vgchange -q -an store pair; cryptsetup close plain; mdadm --stop /dev/md0
            ls /dev/dm-* /dev/md0 2>/dev/null
            written() { awk '{ print $7 }' /sys/block/vda/stat /sys/block/vdb/stat; }
            written >/before
            echo "== look"; davit repair
            echo "== named"; davit repair --plan LABEL=data; davit repair --plan pair
            echo "== open"; printf %s "$pass" | davit repair --open /dev/vda; echo "code=$?"
            cat /proc/mdstat
            # So far it goes once something is written, and then it waits: however long this story takes, it is at it.
            for array in /sys/block/md*/md; do echo 8192 >$array/sync_max; done
            written | cmp - /before && echo "not written"
            echo "== found"; davit repair LABEL=layered
            echo "== trial"; davit repair --trial LABEL=layered; echo "code=$?"
            written | cmp - /before && echo "not written"
            echo "== run"; davit repair --run --yes LABEL=layered; echo "code=$?"
            davit repair --check LABEL=layered >/dev/null; echo "check=$?"
            echo "== burden"; export DAVIT_RUN=/run/burden; mkdir /run/burden
            printf '#!/bin/sh\\n[ "$1" = -V ] && exit 0\\necho "Pass 1: Checking"; exec sleep 2000\n' >/root/e2fsck
            chmod 0755 /root/e2fsck
            davit repair --check --patience 3 --checker /root/e2fsck LABEL=layered >/watched 2>&1 &
            n=0; until grep -q '"verdict": "unknown"' /run/burden/repair/1/record.json 2>/dev/null || [ $n = 300 ]; do n=$((n + 1)); sleep 1; done
            grep '"because"' /run/burden/repair/1/record.json
            davit repair cancel >/dev/null; wait; rm /root/e2fsck; unset DAVIT_RUN
            lvm vgchange -q -an store; dmsetup remove --noudevsync $(cat /sys/block/dm-0/dm/name)
            mdadm --stop $(sed -n 's/^\\(md[0-9]*\\) : .*/\\/dev\\/\\1/p' /proc/mdstat)
            echo "== missing"
            for disk in vdb vdd; do echo 1 >$(readlink -f /sys/block/$disk/device)/../remove; done
            davit repair --open /dev/vda; echo "code=$?"
            davit repair --open /dev/vdc; echo "code=$?"
            grep ^md /proc/mdstat || echo "nothing assembled"
            echo "== told"; davit repair --open --degraded /dev/vda </dev/null; cat /proc/mdstat
            echo "== btrfs"; awk '{ print $7 }' /sys/block/vde/stat >/before
            davit repair --check /dev/vde; echo "code=$?"
            davit repair --trial --kernel /dev/vde; echo "code=$?"
            awk '{ print $7 }' /sys/block/vde/stat | cmp - /before && echo "not written"
            ls /dev/mapper/davit* 2>/dev/null || echo "nothing left"
            echo "== foreign"
            echo "true /dev/vdf none tcrypt" >/tab; echo "bit /dev/vdg none bitlk" >>/tab
            # With a PIM only two derivations are tried, and those of VeraCrypt: nothing that fits, and no minutes under emulation.
            echo "true /dev/vdf none tcrypt,veracrypt-pim=1" >/wrong
            printf aaaaaaaaaaaa | davit unlock --test --crypttab /wrong true; echo "code=$?"
            davit modules load algif_skcipher serpent_generic twofish_generic >/dev/null
            printf aaaaaaaaaaaa | davit unlock --test --crypttab /wrong true; echo "code=$?"
            davit modules load camellia_generic dm_zero >/dev/null
            printf aaaaaaaaaaaa | davit unlock --test --crypttab /wrong true; echo "code=$?"
            printf aaaaaaaaaaaa | davit unlock --crypttab /tab true; echo "code=$?"
            printf anaconda | davit unlock --crypttab /tab bit; echo "code=$?"
            davit repair --plan /dev/mapper/true
            dd if=/dev/mapper/bit bs=512 count=1 2>/dev/null | hexdump -C | head -1
            """, disks: disks, within: .seconds(900))
        print(told)
        let look = try part("look", of: told)
        #expect(look.contains("md array host:data on /dev/vda, /dev/vdb."), "\(look)")
        #expect(look.contains("volume group pair on "), "\(look)")
        let named = try part("named", of: told)
        #expect(named.contains("md array host:data on /dev/vda, /dev/vdb."), "\(named)")
        #expect(named.contains("volume group pair on /dev/vd"), "\(named)")
        let open = try part("open", of: told)
        #expect(open.contains("code=0") && open.contains("not written"), "\(open)")
        for step in ["host:data: done: mdadm", "open as /dev/", "store: done: lvm vgchange"] {
            #expect(open.contains(step), "\(step): \(open)")
        }
        #expect(open.contains("auto-read-only") && open.contains("resync=PENDING"), "\(open)")
        let found = try part("found", of: told)
        #expect(found.contains("ext4 \"layered\"") && found.contains("below: md"), "\(found)")
        let trial = try part("trial", of: told)
        #expect(trial.contains("not written"), "\(trial)")
        #expect(trial.contains("20 were read again: 19 hold the same, byte for byte"), "\(trial)")
        #expect(trial.contains("/file3: holds something else than before"), "\(trial)")
        #expect(trial.contains("The repair loses something"), "\(trial)")
        let repaired = try part("run", of: told)
        #expect(repaired.contains("code=1") && repaired.contains("check=0"), "\(repaired)")
        // The array goes on with what its creation has begun, slowly, and the verdict says so.
        let burden = try part("burden", of: told)
        #expect(burden.contains(" below is at its own resync ("), "\(burden)")
        let missing = try part("missing", of: told)
        #expect(missing.contains("/dev/vda: left alone: missing: member 1."), "\(missing)")
        #expect(
            missing.contains("/dev/vdc: left alone: missing: the physical volume"), "\(missing)")
        #expect(missing.contains("nothing assembled") && !missing.contains("code=0"), "\(missing)")
        #expect(try part("told", of: told).contains("[2/1]"))
        let foreign = try part("foreign", of: told).components(separatedBy: "code=")
        try #require(foreign.count == 6, "\(foreign)")
        #expect(foreign[0].contains("it may be right: this kernel lacks algif_skcipher"))
        #expect(foreign[1].hasPrefix("1\n") && foreign[1].contains("this kernel lacks camellia,"))
        #expect(foreign[2].hasPrefix("1\n") && foreign[2].contains("no key slot opens"))
        #expect(foreign[3].hasPrefix("1\n") && foreign[3].contains("true: open."))
        #expect(foreign[4].hasPrefix("0\n") && foreign[4].contains("bit: open."))
        // What is inside: the UUID that cryptsetup's tests know, and NTFS's mark.
        #expect(foreign[5].hasPrefix("0\n") && foreign[5].contains("DEAD-BABE"), "\(foreign)")
        #expect(foreign[5].contains("|.R.NTFS"), "\(foreign)")
        let btrfs = try part("btrfs", of: told)
        #expect(btrfs.contains("a second copy was good") && btrfs.contains("code=4"), "\(btrfs)")
        #expect(btrfs.contains("20 were read again: 20 hold the same"), "\(btrfs)")
        #expect(btrfs.contains("not written") && btrfs.contains("nothing left"), "\(btrfs)")
    }
}
