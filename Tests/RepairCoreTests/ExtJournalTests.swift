import Seeds
import Testing

@testable import RepairCore

/// The journal of ext4 as jbd2 leaves it after a power cut, made block by block.
struct ExtJournalTests {
    /// Blocks of 1 KiB; the journal's 16 blocks lie at block 20, or 8 there and 8 at block 40.
    private struct Image {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        static let uuid = (0..<16).map { UInt8($0 * 7) }
        var isSplit = false
        var features: UInt32 = 0

        mutating func little(_ value: UInt32, _ size: Int, _ at: Int) {
            for index in 0..<size { bytes[at + index] = UInt8(value >> (index * 8) & 0xFF) }
        }
        mutating func big(_ value: UInt32, _ at: Int) {
            for index in 0..<4 { bytes[at + index] = UInt8(value >> ((3 - index) * 8) & 0xFF) }
        }
        func place(_ block: Int) -> Int { (isSplit && block >= 8 ? 32 + block : 20 + block) << 10 }

        /// - Parameter start: where the first transaction that waits begins.
        init(start: UInt32, features: UInt32 = 0, isSplit: Bool = false) {
            self.isSplit = isSplit
            self.features = features
            little(0xEF53, 2, 1024 + 56)
            little(4, 4, 1024 + 92)
            little(0x44, 4, 1024 + 96)
            bytes[1024 + 253] = 1
            // s_jnl_blocks: an extent tree of depth 0.
            let list = 1024 + 268
            little(0xF30A, 2, list)
            little(isSplit ? 2 : 1, 2, list + 2)
            little(isSplit ? 8 : 16, 2, list + 12 + 4)
            little(20, 4, list + 12 + 8)
            little(8, 4, list + 24)
            little(8, 2, list + 24 + 4)
            little(40, 4, list + 24 + 8)
            header(0, kind: 4, sequence: 0)
            big(1024, place(0) + 12)
            big(16, place(0) + 16)
            big(1, place(0) + 20)
            big(100, place(0) + 24)
            big(start, place(0) + 28)
            big(features, place(0) + 40)
            bytes.replaceSubrange((place(0) + 48)..<(place(0) + 64), with: Self.uuid)
        }

        mutating func header(_ block: Int, kind: UInt32, sequence: UInt32) {
            big(0xC03B_3998, place(block))
            big(kind, place(block) + 4)
            big(sequence, place(block) + 8)
        }

        /// A descriptor of `count` blocks, those blocks, and the commit; what does not fit goes on behind the superblock.
        mutating func transaction(_ sequence: UInt32, _ count: Int, at start: Int) -> Int {
            func wrapped(_ block: Int) -> Int { block > 15 ? block - 15 : block }
            header(start, kind: 1, sequence: sequence)
            let size =
                features & 0x10 != 0
                ? 16 : (features & 8 != 0 ? 14 : 12) - (features & 2 != 0 ? 0 : 4)
            var at = place(start) + 12
            for number in 0..<count {
                // The first tag has the UUID behind it; all others say that it is the same.
                bytes[at + 7] = (number == 0 ? 0 : 2) | (number == count - 1 ? 8 : 0)
                at += size + (number == 0 ? 16 : 0)
            }
            let end = wrapped(start + count + 1)
            commit(sequence, at: end)
            return wrapped(end + 1)
        }

        mutating func commit(_ sequence: UInt32, at block: Int) {
            header(block, kind: 2, sequence: sequence)
            guard features & 0x18 != 0 else { return }
            let seed = DiskBytes(Self.uuid).crc32c(0..<16)
            let content = DiskBytes(Array(bytes[place(block)..<(place(block) + 1024)]))
            big(content.crc32c(0..<1024, seed: seed, zeroed: 16..<20), place(block) + 16)
        }

        var journal: FileSystem.Journal? { ExtBackend().superblock(in: DiskImage(bytes))?.journal }
    }

    private static let forms: [UInt32] = [0, 0x2, 0x8, 0xA, 0x10, 0x12]

    @Test(arguments: forms, [true, false])
    func walked(_ features: UInt32, _ isSplit: Bool) {
        var image = Image(start: 3, features: features, isSplit: isSplit)
        var next = image.transaction(100, 2, at: 3)
        next = image.transaction(101, 1, at: next)
        image.header(next, kind: 5, sequence: 102)
        image.commit(102, at: next + 1)
        #expect(image.journal == .needsReplay(first: 100, last: 102))
    }

    /// Behind the last block it goes on behind the superblock.
    @Test func aroundTheEnd() {
        var image = Image(start: 13, features: 0x10)
        let next = image.transaction(100, 3, at: 13)
        #expect(next == 3)
        _ = image.transaction(101, 1, at: next)
        #expect(image.journal == .needsReplay(first: 100, last: 101))
    }

    /// What the power cut left half written does not count, nor does what is left of the turn before.
    @Test func theLastIsTorn() {
        var image = Image(start: 1, features: 0x10)
        let next = image.transaction(100, 1, at: 1)
        _ = image.transaction(101, 1, at: next)
        image.bytes[image.place(next + 2) + 50] ^= 1
        #expect(image.journal == .needsReplay(first: 100, last: 100))
        var old = Image(start: 1)
        _ = old.transaction(100, 1, at: 1)
        _ = old.transaction(88, 1, at: 4)
        #expect(old.journal == .needsReplay(first: 100, last: 100))
        #expect(Image(start: 1).journal == .needsReplay(first: 100, last: nil))
    }

    /// Fast commits have the last blocks for themselves.
    @Test func fastCommits() {
        var image = Image(start: 10, features: 0x20)
        image.big(4, image.place(0) + 84)
        // The ring ends behind block 11.
        image.header(10, kind: 5, sequence: 100)
        image.commit(100, at: 11)
        image.header(12, kind: 5, sequence: 101)
        image.commit(101, at: 1)
        #expect(image.journal == .needsReplay(first: 100, last: 101))
    }

    @Test func hostile() {
        var random = SeededRandom(23)
        var whole = Image(start: 3, features: 0x12, isSplit: true)
        _ = whole.transaction(101, 3, at: whole.transaction(100, 2, at: 3))
        for _ in 0..<3000 {
            var image = whole
            for _ in 0..<4 {
                let places = [
                    1024 + 268, image.place(0), image.place(3), image.place(7), 1024 + 92,
                ]
                let place = places.randomElement(using: &random) ?? 0
                let at = place + Int.random(in: 0..<64, using: &random)
                image.bytes[at] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            }
            _ = image.journal
        }
        // The same block again and again, where each should be another: it ends.
        var circle = Image(start: 1)
        circle.big(.max, circle.place(0) + 16)
        circle.header(1, kind: 5, sequence: 100)
        circle.little(0xFFFF, 2, 1024 + 268 + 12 + 4)
        _ = circle.journal
    }
}
