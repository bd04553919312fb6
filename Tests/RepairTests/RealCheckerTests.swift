import Foundation
import Testing

/// Real checkers on real damaged images.
struct RealCheckerTests {
    @Test(.enabled(if: Workshop.has("mke2fs", "e2fsck", "debugfs")))
    func extWithAnUnreplayedJournal() throws {
        let shop = try Workshop()
        try shop.image("e.img", megabytes: 64)
        try shop.tool("mke2fs", "-q", "-t", "ext4", "-L", "root", "e.img")
        let commands = Data("jo\njw -b 5000 /dev/zero\njc\n".utf8)
        try commands.write(to: URL(fileURLWithPath: shop.path("commands")))
        try shop.tool("debugfs", "-w", "-f", "commands", "e.img")

        let before = try shop.content("e.img")
        let look = try shop.repair("e.img")
        #expect(look.code == 0)
        #expect(look.output.contains("ext4 \"root\""))
        #expect(look.output.contains("not closed in order, journal to be replayed"))
        #expect(try shop.content("e.img") == before, "a look writes nothing")

        let check = try shop.repair("--check", "e.img")
        #expect(try shop.content("e.img") == before, "a check writes nothing")
        #expect(check.output.contains("The journal was not replayed"))

        let refused = try shop.repair("--run", "e.img")
        #expect(refused.code == 1)
        #expect(refused.error.contains("Give --yes to allow it."))

        let repair = try shop.repair("--run", "--yes", "e.img")
        #expect(repair.code == 0, "\(repair.output)\(repair.error)")
        #expect(repair.output.contains("no errors once the journal was replayed"))
        let record = try shop.record(2)
        #expect(record["progress"]?["journal"]?["replayed"] == true)
        #expect(record["before"]?["state"]?.string == "not closed in order")
        #expect(record["after"]?["state"]?.string == "clean")
        #expect(record["after"]?["journal"]?.string == "journal empty")
        #expect(try shop.tool("e2fsck", "-f", "-n", "e.img").code == 0)
    }

    /// The journal is walked to its end, in all forms that jbd2 has: with and without checksums, an inode with extents
    /// and one with lists of blocks.
    @Test(
        .enabled(if: Workshop.has("mke2fs", "e2fsck", "debugfs")),
        arguments: [
            ("ext4", "jo -c"), ("ext4", "jo -c -v 2"), ("ext4", "jo"), ("ext3", "jo"),
            ("ext3", "jo -c"),
        ])
    func extWithManyTransactions(_ type: String, _ open: String) throws {
        let shop = try Workshop()
        try shop.image("e.img", megabytes: 64)
        try shop.tool("mke2fs", "-q", "-t", type, "-b", "1024", "e.img")
        // Each close and opening begins a new transaction; the third has more blocks than one descriptor names.
        let blocks = (3000..<3200).map(String.init).joined(separator: ",")
        let one = "jw -b 9001 /dev/zero\n"
        let text = "\(open)\n\(one)\(one)jw -b \(blocks) /dev/zero\njw -r 5000\n\(one)jc\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: shop.path("commands")))
        try shop.tool("debugfs", "-w", "-f", "commands", "e.img")
        let dump = try shop.tool("debugfs", "-R", "logdump", "e.img").output
        // What debugfs finds there, by itself.
        let sequences = dump.components(separatedBy: "Found expected sequence ").dropFirst()
            .filter { $0.contains("commit block)") && $0.prefix(40).contains("type 2") }
            .compactMap { UInt64($0.prefix { $0.isNumber }) }
        let first = try #require(sequences.first)
        let last = try #require(sequences.last)
        #expect(last > first, "\(dump)")
        let look = try shop.repair("e.img").output
        #expect(look.contains("journal to be replayed, entries \(first)-\(last)\n"), "\(look)")
        let repair = try shop.repair("--run", "--yes", "e.img")
        #expect(repair.code == 0 || repair.code == 1, "\(repair.output)")
        let record = try shop.record()
        #expect(record["before"]?["sequence"]?.int == Int(last))
        #expect(record["progress"]?["journal"]?["last"]?.int == Int(last))
        #expect(
            record["words"]?.string?.contains("journal entries \(first)-\(last) replayed") == true)
        #expect(try shop.record()["after"]?["journal"] == "journal empty")
    }

    @Test(.enabled(if: Workshop.has("mke2fs", "e2fsck", "dumpe2fs")))
    func extWithABrokenInodeTable() throws {
        let shop = try Workshop()
        try shop.image("e.img", megabytes: 64)
        try shop.tool("mke2fs", "-q", "-t", "ext4", "-b", "4096", "e.img")
        let dump = try shop.tool("dumpe2fs", "e.img").output
        let table = try #require(dump.components(separatedBy: "Inode table at ").dropFirst().first)
        let block = try #require(UInt64(table.prefix { $0.isNumber }))
        try shop.write(
            (0..<2048).map { UInt8(truncatingIfNeeded: $0 &* 37) }, at: block * 4096, in: "e.img")

        let check = try shop.repair("--check", "e.img")
        #expect(check.code & 4 != 0, "\(check.output)")
        let repair = try shop.repair("--run", "--yes", "e.img")
        #expect(repair.code & 1 != 0, "\(repair.output)")
        let record = try shop.record(2)
        #expect(try #require(record["progress"]?["errorsFixed"]?.int) > 0)
        // One pass over so much damage leaves some that only the next one sees; a check says so.
        for _ in 0..<3 where try shop.repair("--check", "e.img").code != 0 {
            try shop.repair("--run", "--yes", "e.img")
        }
        #expect(try shop.repair("--check", "e.img").code == 0)
    }

    @Test(.enabled(if: Workshop.has("mke2fs", "e2fsck")))
    func extWithAZeroedSuperblock() throws {
        let shop = try Workshop()
        try shop.image("e.img", megabytes: 256)
        try shop.tool("mke2fs", "-q", "-t", "ext4", "-b", "4096", "e.img")
        try shop.write([UInt8](repeating: 0, count: 4096), at: 0, in: "e.img")
        let look = try shop.repair("e.img")
        #expect(look.output.contains("there is a copy at block 32768"), "\(look.output)")
        let repair = try shop.repair("--run", "--yes", "e.img")
        #expect(repair.code == 1, "\(repair.output)\(repair.error)")
        #expect(try shop.tool("e2fsck", "-f", "-n", "e.img").code == 0)
    }

    @Test(.enabled(if: Workshop.has("mkfs.xfs", "xfs_repair")))
    func xfsWithADirtyLog() throws {
        let shop = try Workshop()
        try shop.image("x.img", megabytes: 320)
        try shop.tool("mkfs.xfs", "-q", "-L", "data", "x.img")
        #expect(try shop.repair("x.img").output.contains("clean, journal empty"))
        // The last record of the log is no unmount any more: flag of its only operation, and its checksum is not looked at.
        let block = try shop.read(512, at: 0, in: "x.img")
        func number(_ range: Range<Int>) -> UInt64 {
            block[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let start = number(48..<56)
        let shift = UInt64(block[124])
        let log = ((start >> shift) * number(84..<88) + start & (1 << shift - 1)) * number(4..<8)
        try shop.write([0x00], at: log + 512 + 9, in: "x.img")

        let look = try shop.repair("x.img")
        #expect(look.output.contains("not closed in order, journal to be replayed"))
        #expect(look.output.contains("1. The log holds changes: mount it once"))
        let repair = try shop.repair("--run", "--yes", "x.img")
        #expect(repair.code == 4, "\(repair.output)")
        #expect(
            repair.output.contains(
                "the log has to be replayed first, by a mount; nothing was changed"))
        #expect(repair.output.contains("xfs_repair will not touch it"))
        let discarded = try shop.repair("--run", "--yes", "--discard-log", "x.img")
        #expect(discarded.code == 1, "\(discarded.output)")
        #expect(try shop.repair("x.img").output.contains("clean, journal empty"))
    }

    @Test(.enabled(if: Workshop.has("mkfs.btrfs", "btrfs")))
    func btrfsWithABrokenNode() throws {
        let shop = try Workshop()
        try shop.image("b.img", megabytes: 128)
        try shop.tool("mkfs.btrfs", "-q", "-m", "single", "b.img")
        #expect(try shop.repair("--check", "b.img").code == 0)
        let superblock = try shop.read(4096, at: 65536, in: "b.img")
        let identity = Array(superblock[32..<48])
        // Tree blocks carry the file system's UUID at 32 and their tree at 88; 5 is the tree of files.
        var broken = 0
        for offset in stride(from: UInt64(1 << 20), to: 100 << 20, by: 16384) {
            let header = try shop.read(128, at: offset, in: "b.img")
            guard Array(header[32..<48]) == identity, header[88] == 5 else { continue }
            try shop.write([UInt8](repeating: 0xA5, count: 64), at: offset + 200, in: "b.img")
            broken += 1
        }
        try #require(broken > 0)
        let check = try shop.repair("--check", "b.img")
        #expect(check.code & (4 | 8) != 0, "\(check.output)")
        #expect(check.output.contains("does not match its checksum"))
        let refused = try shop.repair("--run", "b.img")
        #expect(refused.code == 1)
        #expect(refused.error.contains("may lose files that can still be read now"))
    }

    @Test(.enabled(if: Workshop.has("mkfs.vfat", "fsck.vfat")))
    func vfatNotClosedInOrder() throws {
        let shop = try Workshop()
        try shop.image("v.img", megabytes: 16)
        try shop.tool("mkfs.vfat", "v.img")
        let boot = try shop.read(64, at: 0, in: "v.img")
        let first = UInt64(boot[14]) * 512
        let length = UInt64(boot[22]) * 512
        for fat in [first, first + length] {
            try shop.write([7, 0, 8, 0, 0xFF, 0xFF], at: fat + 20, in: "v.img")
        }
        try shop.write([1], at: 37, in: "v.img")
        #expect(try shop.repair("v.img").output.contains("not closed in order"))
        #expect(try shop.repair("--check", "v.img").code == 4)
        let repair = try shop.repair("--run", "--yes", "v.img")
        #expect(repair.code == 1, "\(repair.output)")
        #expect(try shop.repair("--check", "v.img").code == 0)
    }

    @Test(.enabled(if: Workshop.has("mkfs.f2fs", "fsck.f2fs")))
    func f2fsWithABrokenSegmentTable() throws {
        let shop = try Workshop()
        try shop.image("f.img", megabytes: 64)
        try shop.tool("mkfs.f2fs", "-q", "f.img")
        let block = try shop.read(96, at: 1024, in: "f.img")
        let table = (80..<84).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(block[$1]) }
        try shop.write([UInt8](repeating: 0xFF, count: 40), at: table * 4096 + 100, in: "f.img")
        #expect(try shop.repair("--check", "f.img").code == 4)
        let repair = try shop.repair("--run", "--yes", "f.img")
        #expect(repair.code == 1, "\(repair.output)")
    }

    @Test(.enabled(if: Workshop.has("mkfs.jfs", "fsck.jfs")))
    func jfsWithABrokenInodeTable() throws {
        let shop = try Workshop()
        try shop.image("j.img", megabytes: 32)
        try shop.tool("mkfs.jfs", "-q", "-L", "data", "j.img")
        #expect(try shop.repair("j.img").output.contains("clean, journal empty"))
        #expect(try shop.repair("--check", "j.img").code == 0)
        // The root directory's inode.
        try shop.write([UInt8](repeating: 0, count: 512), at: 0x1C400, in: "j.img")
        // Mounted: what a power cut leaves in the state.
        try shop.write([1], at: 0x8028, in: "j.img")

        let before = try shop.content("j.img")
        let look = try shop.repair("j.img")
        #expect(look.output.contains("jfs \"data\""))
        #expect(look.output.contains("not closed in order, journal to be replayed"))
        #expect(try shop.repair("--check", "j.img").code == 4)
        #expect(try shop.content("j.img") == before, "a check writes nothing")

        let repair = try shop.repair("--run", "--yes", "j.img")
        #expect(repair.code == 1, "\(repair.output)\(repair.error)")
        #expect(try shop.repair("--check", "j.img").code == 0)
        #expect(try shop.repair("j.img").output.contains("clean, journal empty"))
    }

    @Test(.enabled(if: Workshop.has("mkfs.jfs", "fsck.jfs")))
    func jfsWithAZeroedSuperblock() throws {
        let shop = try Workshop()
        try shop.image("j.img", megabytes: 32)
        try shop.tool("mkfs.jfs", "-q", "j.img")
        try shop.write([UInt8](repeating: 0, count: 4096), at: 0x8000, in: "j.img")
        let look = try shop.repair("j.img")
        #expect(look.output.contains("there is a copy at block 15"), "\(look.output)")
        let repair = try shop.repair("--run", "--yes", "j.img")
        #expect(repair.code == 1, "\(repair.output)\(repair.error)")
        #expect(try shop.repair("--check", "j.img").code == 0)
    }
}
