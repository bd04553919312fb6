import Foundation
import JSONKit
import Seeds
import Testing

/// The log of XFS, read by davit and by xfs_logprint.
@Suite(.enabled(if: Workshop.has("mkfs.xfs", "xfs_repair", "xfs_logprint", "xz")))
struct RealLogTests {
    /// `tail: 2 head: 404`, which xfs_logprint finds by the kernel's own code.
    private func ends(_ shop: Workshop, _ image: String) throws -> (tail: UInt64, head: UInt64) {
        let words = try shop.tool("xfs_logprint", "-t", image).output.split(separator: " ")
        func number(behind word: Substring) throws -> UInt64 {
            let at = try #require(words.firstIndex(of: word), "\(words.prefix(20))")
            return try #require(UInt64(words[at + 1]))
        }
        return (try number(behind: "tail:"), try number(behind: "head:"))
    }

    private func finding(_ shop: Workshop, _ image: String) throws -> JSON {
        let look = try shop.repair("--json", image).output
        return try #require(try JSON(parsing: look)["findings"]?.array?.first)
    }

    /// Left by Linux 6.18 (`xfs_io -x -c 'shutdown -f'`), with records of 256 KiB: the first has six headers.
    @Test func asTheKernelLeftIt() throws {
        let shop = try Workshop()
        let packed = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("Fixtures/images/xfs-6.18-dirty.img.xz").path
        try shop.tool("sh", "-c", "xz -dkc '\(packed)' >x.img")
        let (tail, head) = try ends(shop, "x.img")
        #expect((tail, head) == (2, 404))
        let words =
            "journal to be replayed, log dirty from 1:2 to 1:364 (cycle:block), 402 blocks in 2 records"
        #expect(try shop.repair("x.img").output.contains("not closed in order, \(words)\n"))
        let found = try finding(shop, "x.img")["waiting"]
        #expect(found?["first"]?.int == 1 << 32 | 2 && found?["last"]?.int == 1 << 32 | 364)
        #expect(found?["blocks"]?.int == 402 && found?["records"]?.int == 2)

        let repair = try shop.repair("--run", "--yes", "--discard-log", "x.img")
        #expect(repair.code == 1, "\(repair.output)")
        let record = try shop.record()
        #expect(record["before"]?["journal"]?.string == words)
        #expect(record["before"]?["waiting"]?["records"]?.int == 2)
        #expect(record["after"]?["journal"] == "journal empty")
        #expect(record["after"]?["waiting"] == .null)
        #expect(record["progress"]?["journal"]?["last"]?.int == 1 << 32 | 364)
        #expect(
            record["words"]?.string?.contains("log records 1:2-1:364") == true,
            "\(record["words"]?.string ?? "")")
    }

    /// Logs that have been gone around, made here, with what a power cut leaves at their ends.
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func asXFSLogprintReadsIt(_ seed: UInt64) throws {
        let shop = try Workshop()
        var random = SeededRandom(seed)
        try shop.image("x.img", megabytes: 320)
        try shop.tool("mkfs.xfs", "-q", "x.img")
        let block = try shop.read(512, at: 0, in: "x.img")
        func number(_ range: Range<Int>) -> UInt64 {
            block[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let start = number(48..<56)
        let shift = UInt64(block[124])
        let place = ((start >> shift) * number(84..<88) + start & (1 << shift - 1)) * number(4..<8)
        let count = Int(number(96..<100) * number(4..<8) / 512)
        let cycle = UInt32.random(in: 2...70000, using: &random)
        // Six records, so placed that the end of the ring is near, inside of them, or far.
        let from = [1, 700, 5000, count - 90, count - 900, count / 2][Int(seed) % 6]
        var log = [UInt8](repeating: 0, count: count * 512)
        func put(_ value: UInt64, _ size: Int, _ at: Int) {
            for index in 0..<size {
                log[at + index] = UInt8(truncatingIfNeeded: value >> ((size - 1 - index) * 8))
            }
        }
        for number in 0..<count {
            put(UInt64(number < from ? cycle : cycle - 1), 4, number * 512)
        }
        var next = from
        var tail = (cycle, from)
        for record in 0..<6 {
            let length = Int.random(in: 1...120, using: &random)
            func turn(_ block: Int) -> UInt32 { block < count ? cycle : cycle + 1 }
            if record == 2 { tail = (turn(next), next % count) }
            let at = next % count * 512
            put(0xFEED_BABE, 4, at)
            put(UInt64(turn(next)), 4, at + 4)
            put(2, 4, at + 8)
            put(UInt64(length * 512), 4, at + 12)
            put(UInt64(turn(next)) << 32 | UInt64(next % count), 8, at + 16)
            put(UInt64(tail.0) << 32 | UInt64(tail.1), 8, at + 24)
            put(2, 4, at + 40)
            put(1, 4, at + 300)
            log.replaceSubrange((at + 304)..<(at + 320), with: block[32..<48])
            put(32768, 4, at + 320)
            for further in 1...length {
                put(UInt64(turn(next + further)), 4, (next + further) % count * 512)
            }
            next += 1 + length
        }
        // The last block, or one of the last two records, was never written.
        if seed % 4 != 3 {
            let hole = next - Int.random(in: 1...40, using: &random)
            put(UInt64(hole < count ? cycle - 1 : cycle), 4, hole % count * 512)
        }
        try shop.write(log, at: place, in: "x.img")
        let expected = try ends(shop, "x.img")
        let waiting = try #require(try finding(shop, "x.img")["waiting"])
        let first = UInt64(try #require(waiting["first"]?.int))
        let blocks = UInt64(try #require(waiting["blocks"]?.int))
        #expect(first & 0xFFFF_FFFF == expected.tail, "\(waiting)")
        #expect((first + blocks) & 0xFFFF_FFFF % UInt64(count) == expected.head, "\(waiting)")
        #expect(waiting["records"]?.int != nil)
    }
}
