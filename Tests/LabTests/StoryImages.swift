import Foundation
import LabKit
import Testing

/// A directory of image files that goes away with the value.
final class StoryImages: Sendable {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("davit-repair-lab-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    /// An image of cryptsetup's own tests, out of the source archive that scripts/deps keeps; holes stay holes.
    func foreign(_ kind: String, _ name: String) async throws -> String {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let cache = ProcessInfo.processInfo.environment["DAVIT_CACHE"] ?? repository + "/.cache"
        let script = """
            cd "$0"
            tar xzOf "$1"/cryptsetup_*.orig.tar.gz --wildcards "*/tests/$2-images.tar.xz" | tar xJ --sparse "$2-images/$3"
            """
        try await run([
            "sh", "-euc", script, directory.path, "\(cache)/sources/cryptsetup", kind, name,
        ])
        return path("\(kind)-images/\(name)")
    }

    /// An archive of the bcachefs-tools that scripts/test has fetched; `nil` where it could not.
    func bcachefsTools() async throws -> String? {
        guard let tools = ProcessInfo.processInfo.environment["DAVIT_BCACHEFS_TOOLS"] else {
            return nil
        }
        try await run([
            "tar", "-C", tools, "--owner=0", "--group=0", "-cf", path("tools"), "bcachefs", "lib",
        ])
        return path("tools")
    }

    func make(_ name: String, megabytes: Int) throws -> String {
        try Data().write(to: URL(fileURLWithPath: path(name)))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
        try file.truncate(atOffset: UInt64(megabytes) << 20)
        try file.close()
        return path(name)
    }
}

extension RescueSystem {
    /// One system for all stories of repairs, so that it is built once.
    static func forRepairs() async throws -> RescueSystem {
        try await prepared(programs: [
            "e2fsck", "xfs_repair", "xfs_io", "btrfs", "mke2fs", "mkfs.xfs", "dmsetup", "mdadm",
            "lvm", "cryptsetup", "debugfs", "xfs_logprint", "script",
        ])
    }
}

/// What a script printed between `== name` and the next such line.
func part(_ name: String, of told: String) throws -> String {
    let rest = try #require(
        told.components(separatedBy: "== \(name)\n").dropFirst().first,
        "no part \(name): \(told)")
    return rest.components(separatedBy: "\n== ").first ?? rest
}
