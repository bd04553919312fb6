import Foundation
import JSONKit
import Testing

/// What is there, and what is refused.
struct LookTests {
    @Test(.enabled(if: Workshop.has("xz")))
    func bcachefsInTheWrongOrder() throws {
        let shop = try Workshop()
        let members = try shop.unpackedMembers()
        let digests = try (0..<3).map { try shop.content("bcachefs-1.13-unclean-\($0).img") }
        let look = try shop.repair("--json", members[2], members[0], members[1])
        let finding = try #require(try JSON(parsing: look.output)["findings"]?.array?.first)
        #expect(finding["state"]?.string == "not closed in order")
        #expect(finding["journal"]?.string == "journal to be replayed, entries 14-23")
        #expect(finding["version"]?.string == "1.13")
        #expect(finding["missing"]?.array == [])
        #expect(finding["members"]?.array?.compactMap { $0["path"]?.string } == members)
        let words = try shop.repair(members[2], members[0], members[1]).output
        for line in ["  next: davit repair --trial ", "  then: davit repair --run "] {
            let typed = words.split(separator: "\n").first { $0.hasPrefix(line) }
            #expect(typed?.hasSuffix(" " + members.joined(separator: " ")) == true, "\(words)")
        }
        for index in 0..<3 {
            #expect(try shop.content("bcachefs-1.13-unclean-\(index).img") == digests[index])
        }
    }

    @Test(.enabled(if: Workshop.has("xz")))
    func bcachefsWithAMemberMissing() throws {
        let shop = try Workshop()
        let members = try shop.unpackedMembers()
        let look = try shop.repair(members[0], members[2])
        #expect(look.output.contains("missing: member 1 ("))
        #expect(!look.output.contains("next: "), "\(look.output)")
        let check = try shop.repair("--check", members[0], members[2])
        #expect(check.code == 1)
        #expect(check.error.contains("Bring them, or go on without them with --degraded."))
    }

    @Test(.enabled(if: Workshop.has("xz")))
    func oneMemberTwice() throws {
        let shop = try Workshop()
        let members = try shop.unpackedMembers()
        try FileManager.default.copyItem(atPath: members[1], toPath: shop.path("copy.img"))
        let check = try shop.repair(["--check"] + members + [shop.path("copy.img")])
        #expect(check.code == 1)
        #expect(check.error.contains("are both member 1"))
    }

    @Test func nothingThere() throws {
        let shop = try Workshop()
        try shop.image("zero.img", megabytes: 2)
        #expect(try shop.repair("zero.img").output.contains("no file system is recognised"))
        let check = try shop.repair("--check", "zero.img")
        #expect(check.code == 1)
        #expect(check.error.contains("There is no file system to check or repair."))
        let missing = try shop.repair("--check", "nowhere.img")
        #expect(missing.error.contains("no device, file, mount point, UUID or label is called so"))
    }

    @Test(.enabled(if: Workshop.has("mke2fs", "mkfs.xfs")))
    func twoSignatures() throws {
        let shop = try Workshop()
        try shop.image("x.img", megabytes: 320)
        try shop.tool("mkfs.xfs", "-q", "x.img")
        let xfs = try shop.read(512, at: 0, in: "x.img")
        try shop.image("e.img", megabytes: 320)
        try shop.tool("mke2fs", "-q", "-t", "ext4", "e.img")
        try shop.write(xfs, at: 0, in: "e.img")
        let look = try shop.repair("e.img")
        #expect(look.output.contains("carries the marks of ext4 and of xfs"), "\(look.output)")
        let run = try shop.repair("--run", "--yes", "e.img")
        #expect(run.code == 1)
        #expect(run.error.contains("There is no file system to check or repair."))
    }

    @Test(.enabled(if: Workshop.has("mke2fs")))
    func twoFileSystems() throws {
        let shop = try Workshop()
        for name in ["a.img", "b.img"] {
            try shop.image(name, megabytes: 16)
            try shop.tool("mke2fs", "-q", name)
        }
        let check = try shop.repair("--check", "a.img", "b.img")
        #expect(check.code == 1)
        #expect(check.error.contains("Name the one that is meant."))
    }

    @Test(.enabled(if: Workshop.has("mke2fs")))
    func checkerThatIsNotThere() throws {
        let shop = try Workshop()
        try shop.image("a.img", megabytes: 16)
        try shop.tool("mke2fs", "-q", "a.img")
        let check = try shop.repair("--check", "--checker", shop.path("no-such"), "a.img")
        #expect(check.code == 1)
        #expect(check.error.contains("cannot be run"))
    }

    @Test(.enabled(if: Workshop.has("mke2fs", "mkfs.vfat")))
    func theKernelMountsOnlyDevices() throws {
        let shop = try Workshop()
        try shop.image("a.img", megabytes: 16)
        try shop.tool("mke2fs", "-q", "a.img")
        let run = try shop.repair("--run", "--yes", "--kernel", "a.img")
        #expect(run.code == 8)
        let transcript = try String(
            contentsOf: shop.run.appendingPathComponent("repair/1/transcript"), encoding: .utf8)
        #expect(transcript.contains("is no block device, and the kernel mounts nothing else"))
        let check = try shop.repair("--check", "--kernel", "a.img")
        #expect(check.code == 1)
        #expect(check.error.contains("Leave --kernel or --kernel-fsck out."))
    }

    @Test(.enabled(if: Workshop.has("xz", "mke2fs")))
    func theKernelsOwnFsck() throws {
        let shop = try Workshop()
        let members = try shop.unpackedMembers()
        let look = try shop.repair("--plan", members[0])
        #expect(
            look.output.contains("by the kernel's own fsck (Linux 6.8), with --run --kernel-fsck"))
        let check = try shop.repair(["--check", "--kernel-fsck"] + members)
        #expect(check.code == 8)
        let transcript = try String(
            contentsOf: shop.run.appendingPathComponent("repair/1/transcript"), encoding: .utf8)
        #expect(transcript.contains("is no block device"), "\(transcript)")
        try shop.image("a.img", megabytes: 16)
        try shop.tool("mke2fs", "-q", "a.img")
        let other = try shop.repair("--check", "--kernel-fsck", "a.img")
        #expect(other.error.contains("The kernel has no check of ext2 that davit could use."))
    }

    @Test func nothingToOpen() throws {
        let shop = try Workshop()
        try shop.image("zero.img", megabytes: 2)
        let nothing = try shop.repair("--open", "zero.img")
        #expect(nothing.code == 0)
        #expect(nothing.output.contains("Nothing has to be assembled, activated or opened."))
    }

    /// An array of two with one member here: named, and not assembled.
    @Test func anArrayThatMissesAMember() throws {
        let shop = try Workshop()
        try shop.image("md.img", megabytes: 4)
        func put(_ bytes: [UInt8], _ at: UInt64) throws {
            try shop.write(bytes, at: 4096 + at, in: "md.img")
        }
        // struct mdp_superblock_1: magic, version, UUID, name, level 1, 2 disks, where it lies, events, roles.
        try put([0xFC, 0x4E, 0x2B, 0xA9, 1], 0)
        try put([UInt8](repeating: 0x11, count: 16), 16)
        try put(Array("host:data".utf8), 32)
        try put([1], 72)
        try put([2], 92)
        try put([8], 144)
        try put([4], 220)
        try put([0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF], 256)
        // Its checksum, as libblkid wants it: the sum of the words of the header and the roles.
        let block = try shop.read(264, at: 4096, in: "md.img")
        let sum = stride(from: 0, to: 264, by: 4).reduce(UInt64(0)) { sum, at in
            sum + block[at..<(at + 4)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        let folded = UInt32(truncatingIfNeeded: (sum & 0xFFFF_FFFF) + (sum >> 32))
        try put((0..<4).map { UInt8(truncatingIfNeeded: folded >> ($0 * 8)) }, 216)
        let look = try shop.repair("md.img")
        #expect(look.output.contains("Missing: member 1. It is left alone"), "\(look.output)")
        let open = try shop.repair("--open", "md.img")
        #expect(open.code == 1)
        #expect(open.output.contains("left alone: missing: member 1."), "\(open.output)")
    }

    @Test(.enabled(if: Workshop.has("mke2fs")))
    func theTrialNeedsAKernel() throws {
        let shop = try Workshop()
        try shop.image("e.img", megabytes: 16)
        try shop.tool("mke2fs", "-q", "-t", "ext4", "e.img")
        let before = try shop.content("e.img")
        #expect(try shop.repair("e.img").output.contains("Try the repair with --trial"))
        // DAVIT_DEV leads to where no device mapper is.
        let trial = try shop.repair("--trial", "e.img")
        #expect(trial.code == 8)
        #expect(
            trial.output.contains("This kernel offers no snapshots for a trial"), "\(trial.output)")
        #expect(try shop.content("e.img") == before)
    }

    @Test func usage() throws {
        let shop = try Workshop()
        #expect(try shop.repair("--check").code == 100)
        #expect(try shop.repair("--check", "--run", "x").code == 100)
        #expect(try shop.repair("--trial").code == 100)
        #expect(try shop.repair("--trial", "--run", "x").code == 100)
        #expect(try shop.repair("watch", "x").code == 100)
        let watch = try shop.repair("watch")
        #expect(watch.code == 1)
        #expect(watch.error.contains("Nothing was ever checked or repaired here"))
    }
}
