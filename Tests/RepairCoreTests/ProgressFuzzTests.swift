import Testing

@testable import RepairCore
import Seeds

/// Checkers may print anything: nothing may trap, and memory stays bounded.
struct ProgressFuzzTests {
    @Test(arguments: Fixtures.outputs)
    func mangled(_ name: String) throws {
        let original = try Fixtures.bytes(name).prefix(3000)
        var random = SeededRandom(UInt64(original.count))
        for _ in 0..<3 {
            var bytes = Array(original)
            for _ in 0..<40 where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: at)
                default: bytes.insert(bytes[at], at: at)
                }
            }
            // Every backend has to bear every other's lines.
            for backend in Backends.all { _ = TranscriptTests.report(backend, [bytes]) }
        }
    }

    @Test func binaryWithoutAnyLineEnd() {
        var random = SeededRandom(3)
        for backend in Backends.all {
            var reader = ProgressReader(backend)
            for _ in 0..<20 {
                reader.take((0..<1000).map { _ in UInt8.random(in: 0...255, using: &random) })
            }
            reader.finish()
            #expect(!reader.progress.hasChecked)
        }
    }

    /// A number that exceeds 64 bits is no number.
    @Test func hugeNumbers() {
        var reader = ProgressReader(ExtBackend())
        reader.take(
            Array(
                "1 99999999999999999999999 5 x\n5 18446744073709551615 18446744073709551615 x\n"
                    .utf8))
        #expect(reader.progress.done == .max)
        #expect(reader.progress.share == 9500)
    }

    @Test func superblocksOfRandomBytes() {
        var random = SeededRandom(11)
        let magics: [(Int, [UInt8])] = [
            (1024 + 56, [0x53, 0xEF]), (0, Array("XFSB".utf8)), (65600, Array("_BHRfS_M".utf8)),
            (1024, [0x10, 0x20, 0xF5, 0xF2]), (510, [0x55, 0xAA]), (82, Array("FAT32   ".utf8)),
            (
                4096 + 24,
                [
                    0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9, 0xd9, 0x6a, 0x60, 0xcf, 0x80,
                    0x3d, 0xf7, 0xef,
                ]
            ),
        ]
        for round in 0..<9 {
            var bytes = (0..<200_000).map { _ in
                round % 3 == 0 ? UInt8.random(in: 0...255, using: &random) : UInt8(round % 3) &* 127
            }
            for (at, magic) in magics {
                bytes.replaceSubrange(at..<(at + magic.count), with: magic)
            }
            for _ in 0..<100 {
                bytes[Int.random(in: 0..<8192, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            let image = DiskImage(bytes)
            _ = Backends.superblocks(in: image)
            _ = Backends.copies(in: image)
        }
    }
}
