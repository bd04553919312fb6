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
