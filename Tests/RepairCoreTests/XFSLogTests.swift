import Seeds
import Testing

@testable import RepairCore

/// The log of XFS as a power cut leaves it, made block by block.
struct XFSLogTests {
    /// A file system with a log of 64 blocks of 512 bytes, 16 KiB behind its beginning.
    private struct Image {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        static let uuid = (0..<16).map { UInt8($0 * 7 + 1) }
        static let blocks = 64
        static let order: UInt32 = UInt32(1).littleEndian == 1 ? 1 : 2

        mutating func big(_ value: UInt64, _ size: Int, _ at: Int) {
            for index in 0..<size {
                bytes[at + index] = UInt8(value >> ((size - 1 - index) * 8) & 0xFF)
            }
        }
        func place(_ block: Int) -> Int { 16384 + block % Self.blocks * 512 }

        init() {
            bytes.replaceSubrange(0..<4, with: Array("XFSB".utf8))
            big(4096, 4, 4)
            big(16, 8, 8)
            bytes.replaceSubrange(32..<48, with: Self.uuid)
            big(4, 8, 48)
            big(16, 4, 84)
            big(1, 4, 88)
            big(8, 4, 96)
            big(0xB4A4, 2, 100)
            big(512, 2, 102)
            bytes[124] = 4
        }

        mutating func stamp(_ cycle: UInt32, _ blocks: Range<Int>) {
            for block in blocks { big(UInt64(cycle), 4, place(block)) }
        }

        /// A record of one operation, with `blocks` of data; those that do not fit go on at the beginning.
        /// - Parameter headers: as many as the largest record of this log would need.
        /// - Returns: where the next one begins.
        @discardableResult
        mutating func record(
            _ cycle: UInt32, at block: Int, _ blocks: Int, tail: (UInt32, Int), headers: Int = 1,
            operations: UInt32 = 3, isUnmount: Bool = false, checksum: Bool = true
        ) -> Int {
            let at = place(block)
            bytes.replaceSubrange(at..<(at + 512), with: [UInt8](repeating: 0, count: 512))
            big(0xFEED_BABE, 4, at)
            big(UInt64(cycle), 4, at + 4)
            big(2, 4, at + 8)
            big(UInt64(blocks * 512), 4, at + 12)
            big(UInt64(cycle) << 32 | UInt64(block), 8, at + 16)
            big(UInt64(tail.0) << 32 | UInt64(tail.1), 8, at + 24)
            big(UInt64(operations), 4, at + 40)
            big(UInt64(Self.order), 4, at + 300)
            bytes.replaceSubrange((at + 304)..<(at + 320), with: Self.uuid)
            big(UInt64(headers * 32768), 4, at + 320)
            for number in 1..<(headers + blocks) {
                let place = place(block + number)
                for index in 0..<512 { bytes[place + index] = UInt8(truncatingIfNeeded: index * 3) }
                stamp(block + number < Self.blocks ? cycle : cycle + 1, [block + number])
            }
            bytes[place(block + headers) + 9] = isUnmount ? 0x20 : 0
            if checksum { sum(block, headers, blocks) }
            return block + headers + blocks
        }

        private mutating func stamp(_ cycle: UInt32, _ blocks: [Int]) {
            for block in blocks { big(UInt64(cycle), 4, place(block)) }
        }

        mutating func sum(_ block: Int, _ headers: Int, _ blocks: Int) {
            let all = DiskBytes(
                (0..<(headers + blocks)).flatMap { bytes[place(block + $0)...].prefix(512) })
            var crc = all.crc32c(0..<328, zeroed: 32..<36)
            for further in 1..<max(1, (blocks + 63) / 64) {
                crc = all.crc32c((further * 512)..<(further * 512 + 260), seed: crc)
            }
            crc = all.crc32c((headers * 512)..<all.count, seed: crc)
            let at = place(block) + 32
            for index in 0..<4 { bytes[at + index] = UInt8(~crc >> (index * 8) & 0xFF) }
        }

        var system: FileSystem? { XFSBackend().superblock(in: DiskImage(bytes)) }
        var journal: FileSystem.Journal? { system?.journal }

        /// The range that waits, as `cycle:block-cycle:block, blocks, records`.
        var waiting: String {
            guard case .logNeedsReplay(let range) = journal else {
                return "\(String(describing: journal))"
            }
            let records = range.records.map { "\($0)" } ?? "?"
            return "\(LogRange.words(range.first, range.last)), \(range.blocks), \(records)"
        }
    }

    /// Never gone around: what lies behind the end was never written.
    private func young() -> (image: Image, end: Int) {
        var image = Image()
        var next = image.record(1, at: 0, 1, tail: (1, 0), operations: 1, isUnmount: true)
        next = image.record(1, at: next, 4, tail: (1, 2))
        next = image.record(1, at: next, 6, tail: (1, 2))
        next = image.record(1, at: next, 2, tail: (1, 7))
        return (image, next)
    }

    /// Gone around, with the tail before the end of the ring and the head behind its beginning.
    private func old() -> (image: Image, end: Int) {
        var image = Image()
        image.stamp(4, 0..<64)
        var next = image.record(4, at: 40, 9, tail: (4, 30))
        next = image.record(4, at: next, 11, tail: (4, 40))
        // Its last two blocks lie at the beginning.
        next = image.record(4, at: next, 3, tail: (4, 40))
        next = image.record(5, at: next - 64, 5, tail: (4, 50))
        next = image.record(5, at: next, 2, tail: (4, 50))
        return (image, next)
    }

    @Test func walked() {
        let (image, end) = young()
        #expect(end == 17)
        #expect(image.waiting == "1:7-1:14, 10, 2")
        #expect(image.system?.state == .unclean)
        #expect(image.system?.sequence == 1 << 32 | 14)
        #expect(
            image.journal?.words
                == "journal to be replayed, log dirty from 1:7 to 1:14 (cycle:block), 10 blocks in 2 records"
        )
    }

    @Test func aroundTheEnd() {
        let (image, end) = old()
        #expect(end == 11)
        #expect(image.waiting == "4:50-5:8, 25, 4")
    }

    /// Exactly to the last block: the head is where the ring begins.
    @Test func upToTheEnd() {
        var image = Image()
        image.stamp(3, 0..<64)
        let next = image.record(3, at: 50, 5, tail: (3, 50))
        image.record(3, at: next, 7, tail: (3, 50))
        #expect(image.waiting == "3:50-3:56, 14, 2")
    }

    @Test func closedInOrder() {
        var (image, end) = young()
        image.record(1, at: end, 1, tail: (1, 17), operations: 1, isUnmount: true)
        #expect(image.journal == .empty)
        #expect(image.system?.state == .clean)
        (image, end) = old()
        image.record(5, at: end, 1, tail: (5, 11), operations: 1, isUnmount: true)
        #expect(image.journal == .empty)
        // One among others is none.
        image.record(5, at: end, 1, tail: (5, 8), operations: 2, isUnmount: true)
        #expect(image.waiting == "5:8-5:11, 5, 2")
        #expect(Image().journal == .empty, "the kernel takes a log of zeros for empty")
    }

    /// What a power cut has left half written does not count.
    @Test func theLastIsTorn() {
        var (image, end) = old()
        image.bytes[image.place(end - 1) + 100] ^= 1
        #expect(image.waiting == "4:50-5:2, 22, 3")
        #expect(image.system?.sequence == 5 << 32 | 2)
        // A block of the turn before, where the last one should go on.
        (image, end) = old()
        image.stamp(4, (end - 1)..<end)
        #expect(image.waiting == "4:50-5:2, 22, 3")
        // The same in front of others that were written before it.
        (image, end) = old()
        image.stamp(4, 5..<6)
        #expect(image.waiting == "4:40-4:62, 26, 3")
        // And at the end of the ring, whose beginning was written before it.
        (image, end) = old()
        image.stamp(3, 63..<64)
        #expect(image.waiting == "4:40-4:50, 22, 2")
        // Without a checksum there is nothing to tell by.
        (image, end) = old()
        image.record(5, at: 8, 2, tail: (4, 50), checksum: false)
        image.bytes[image.place(9) + 100] ^= 1
        #expect(image.waiting == "4:50-5:8, 25, 4")
    }

    /// The unmount was written behind what is torn: only that goes.
    @Test func tornBehindAnUnmount() {
        var (image, end) = young()
        end = image.record(1, at: end, 1, tail: (1, 17), operations: 1, isUnmount: true)
        image.record(1, at: end, 4, tail: (1, 19))
        image.bytes[image.place(end + 2) + 7] ^= 1
        #expect(image.journal == .empty)
    }

    @Test func recordsWithSeveralHeaders() {
        var image = Image()
        var next = image.record(1, at: 0, 20, tail: (1, 0), headers: 8)
        next = image.record(1, at: next, 10, tail: (1, 0), headers: 8)
        #expect(next == 46)
        #expect(image.waiting == "1:0-1:28, 46, 2")
    }

    @Test func whatTheKernelWillNotReplay() {
        var (image, end) = young()
        image.bytes[image.place(7) + 3] = 0
        #expect(image.waiting == "1:7-1:14, 10, ?")
        #expect(image.journal?.words.hasSuffix("whose records do not follow one another") == true)
        (image, end) = young()
        image.big(UInt64(3 - Image.order), 4, image.place(14) + 300)
        image.sum(14, 1, end - 15)
        #expect(image.journal?.words.contains("the other order of bytes") == true)
        (image, end) = young()
        image.bytes[40] ^= 1
        #expect(image.journal?.words.hasSuffix("carry the UUID of another file system") == true)
        let system = image.system ?? FileSystem(backend: "", type: "")
        #expect(XFSBackend().before(.repair, system).first?.contains("norecovery") == true)
        // The tail lies behind the log, or behind the last record.
        for tail: (UInt32, Int) in [(1, 64), (2, 20), (1, 20)] {
            image = young().image
            image.record(1, at: 14, 2, tail: tail)
            #expect(image.journal == .needsReplay(first: nil, last: nil))
        }
    }

    @Test func onAnotherDevice() {
        var image = young().image
        image.big(0, 8, 48)
        #expect(image.journal == .elsewhere)
        #expect(image.system?.state == .unknown)
        let system = image.system ?? FileSystem(backend: "", type: "")
        #expect(XFSBackend().before(.repair, system).first?.contains("logdev=") == true)
    }

    @Test func hostile() {
        var random = SeededRandom(29)
        let wholes = [young().image, old().image]
        for round in 0..<1000 {
            var image = wholes[round % 2]
            for _ in 0..<4 {
                let block = [0, 2, 7, 8, 14, 40, 50, 62].randomElement(using: &random) ?? 0
                let start = round % 3 == 0 ? 0 : image.place(block)
                let fields = [0, 4, 8, 12, 16, 20, 24, 28, 40, 84, 88, 96, 100, 124, 320]
                let at =
                    start + (fields.randomElement(using: &random) ?? 0)
                    + Int.random(in: 0..<4, using: &random)
                image.bytes[at] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            }
            _ = image.journal?.words
        }
    }
}
