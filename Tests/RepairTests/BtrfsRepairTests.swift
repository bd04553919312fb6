import Foundation
import RepairCore
import Testing

/// `btrfs check --repair`, from the question to the record.
@Suite(.enabled(if: Workshop.has("mkfs.btrfs", "btrfs")))
struct BtrfsRepairTests {
    /// A btrfs in which one file has a wrong sum of bytes and a wrong number of links, under a checksum that fits.
    private func damaged() throws -> Workshop {
        let shop = try Workshop()
        let tree = shop.directory.appendingPathComponent("tree")
        try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
        for name in ["one", "two"] {
            try Data(repeating: 7, count: 9000).write(to: tree.appendingPathComponent(name))
        }
        try shop.image("b.img", megabytes: 128)
        try shop.tool("mkfs.btrfs", "-q", "-m", "single", "-r", "tree", "b.img")
        let bytes = DiskBytes([UInt8](try shop.content("b.img")))
        let node = Int(bytes.le32(65536 + 148))
        // Tree blocks carry the file system's UUID at 32, their generation at 80, their tree at 88 (5 is that of files)
        // and their level at 100.
        let identity = bytes.bytes[(65536 + 32)..<(65536 + 48)]
        let leaves = stride(from: 1 << 20, to: bytes.count - node, by: 4096).filter {
            bytes.bytes[($0 + 32)..<($0 + 48)] == identity && bytes.le64($0 + 88) == 5
                && bytes.u8($0 + 100) == 0
        }
        let leaf = try #require(leaves.max { bytes.le64($0 + 80) < bytes.le64($1 + 80) })
        // An item: object, type (1 is an inode), offset, and where its data lies behind the header. A file has one link,
        // and the mode of a regular one.
        let inode = try #require(
            (0..<Int(bytes.le32(leaf + 96))).map { leaf + 101 + $0 * 25 }
                .filter { bytes.u8($0 + 8) == 1 }
                .map { leaf + 101 + Int(bytes.le32($0 + 17)) }
                .first { bytes.le32($0 + 52) & 0o170000 == 0o100000 })
        try shop.write([0, 0, 1], at: UInt64(inode + 24), in: "b.img")
        try shop.write([3], at: UInt64(inode + 40), in: "b.img")
        let changed = DiskBytes(try shop.read(node, at: UInt64(leaf), in: "b.img"))
        let sum = ~changed.crc32c(32..<node)
        try shop.write(
            (0..<4).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) }, at: UInt64(leaf),
            in: "b.img")
        return shop
    }

    @Test func repaired() throws {
        let shop = try damaged()
        let check = try shop.repair("--check", "b.img")
        #expect(check.code == 4, "\(check.output)")
        let before = try shop.content("b.img")

        // Asked for, with the danger named first.
        let danger =
            "Cannot be undone: btrfs check --repair rewrites trees and may lose files that can still be read now."
        let no = try Terminal(shop, ["repair", "--run", shop.path("b.img")])
        let asked = try no.expect("(yes/no) ")
        let named = try #require(asked.range(of: danger), "\(asked)")
        let question = try #require(asked.range(of: "Write to btrfs "), "\(asked)")
        #expect(named.upperBound < question.lowerBound)
        try no.type("no\n")
        #expect(try no.exit() == .code(1))
        #expect(try shop.content("b.img") == before, "nothing is written before a yes")

        let yes = try Terminal(shop, ["repair", "--run", shop.path("b.img")])
        try yes.expect("Write to btrfs ")
        try yes.expect("(yes/no) ")
        try yes.type("yes\n")
        #expect(try yes.exit() == .code(1), "\(yes.shown)")
        #expect(yes.shown.contains("errors were corrected"), "\(yes.shown)")

        let record = try shop.record(2)
        #expect(record["purpose"] == "repair" && record["state"] == "ended")
        #expect(record["exit"]?["bits"]?.int == 1)
        #expect(record["exit"]?["words"] == "errors were corrected")
        #expect(record["progress"]?["errorsFixed"]?.int == 2, "\(record["progress"]?.pretty ?? "")")
        #expect(record["after"]?["state"]?.string == record["before"]?["state"]?.string)
        let transcript = try String(
            contentsOf: shop.run.appendingPathComponent("repair/2/transcript"), encoding: .utf8)
        #expect(transcript.contains("reset nbytes for ino "), "\(transcript)")
        #expect(transcript.contains("Fixed the nlink of inode "), "\(transcript)")
        let after = try shop.repair("--check", "b.img")
        #expect(after.code == 0, "\(after.output)")
    }

    /// Without a terminal it takes the word itself.
    @Test func refusedWithoutATerminal() throws {
        let shop = try damaged()
        let before = try shop.content("b.img")
        let refused = try shop.repair("--run", "b.img")
        #expect(refused.code == 1)
        #expect(refused.error.contains("may lose files that can still be read now"))
        #expect(refused.error.contains("Give --yes to allow it."))
        #expect(try shop.content("b.img") == before)
    }
}
