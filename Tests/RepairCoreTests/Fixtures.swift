import Foundation

@testable import RepairCore

/// The files under Tests/Fixtures.
enum Fixtures {
    static let directory = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")
    static let transcripts = directory.appendingPathComponent("transcripts")

    /// What checkers wrote, by file name.
    static var outputs: [String] {
        let kinds: Set = ["out", "err", "fd5", "tty", "dmesg"]
        let names = try? FileManager.default.contentsOfDirectory(atPath: transcripts.path)
        return (names ?? []).filter { kinds.contains(($0 as NSString).pathExtension) }.sorted()
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: transcripts.appendingPathComponent(name)))
    }

    /// The backend whose checker the file is named after; names such as `f2fs-clean` name the file system.
    static func backend(of name: String) -> (any Backend)? {
        let program = String(name.prefix { $0 != "-" })
        return Backends.checking(with: program) ?? Backends.named(program)
    }
}

/// Numbers that are the same in every run.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
