import Foundation
import Testing

@testable import LinuxKit

/// Names and contents of files as they are, in no particular encoding.
@Suite final class TreeWalkTests {
    private let root = NSTemporaryDirectory() + "davit-tree-\(UUID().uuidString)"

    init() throws { try Files.makeDirectory(root + "/in/it") }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func write(_ name: [UInt8], _ bytes: [UInt8], at offset: UInt64 = 0) throws {
        var mode = FileCalls.OpenMode()
        mode.isWriting = true
        mode.isCreating = true
        let file = try FileCalls.open(
            Array(root.utf8) + [47] + name, mode, permissions: 0o600)
        try file.write(bytes[...], at: offset)
    }

    @Test func namesThatAreNoText() throws {
        let name: [UInt8] = [0x67, 0x72, 0xFC, 0xDF, 0x65]  // "grüße" in ISO 8859-1
        try write(name, [1, 2, 3])
        try write(Array("in/it/file".utf8), [4])
        var seen: [[UInt8]: TreeWalk.Entry] = [:]
        TreeWalk.visit(root) { path, entry in
            seen[path] = entry
            return true
        }
        #expect(
            seen == [
                [47] + name: .file(bytes: 3), Array("/in".utf8): .directory,
                Array("/in/it".utf8): .directory, Array("/in/it/file".utf8): .file(bytes: 1),
            ])
        var content: [UInt8] = []
        let isWhole = try FileContent.read(Array(root.utf8) + [47] + name) { bytes, _ in
            content += bytes
            return true
        }
        #expect(isWhole && content == [1, 2, 3])
    }

    @Test func piecesAndHoles() throws {
        let name = Array("sparse".utf8)
        let far = UInt64(64) << 20
        try write(name, [UInt8](repeating: 7, count: 100_000))
        try write(name, [9, 9], at: far)
        var bytesRead = 0
        var sevens = 0
        var last: (UInt64, UInt8) = (0, 0)
        let isWhole = try FileContent.read(Array((root + "/sparse").utf8)) { bytes, offset in
            #expect(offset % 4096 == 0)
            bytesRead += bytes.count
            sevens += bytes.count { $0 == 7 }
            last = (offset + UInt64(bytes.count) - 1, bytes.last ?? 0)
            return true
        }
        #expect(isWhole && sevens == 100_000)
        #expect(last == (far + 1, 9))
        #expect(bytesRead < 1 << 20, "the hole is not read")
    }

    @Test func endsWhenItIsToldTo() throws {
        try write(Array("long".utf8), [UInt8](repeating: 1, count: 1 << 20))
        var pieces = 0
        let isWhole = try FileContent.read(Array((root + "/long").utf8)) { _, _ in
            pieces += 1
            return pieces < 3
        }
        #expect(!isWhole && pieces == 3)
    }

    @Test func whatCannotBeReadIsSaid() throws {
        let path = Array((root + "/none").utf8)
        #expect(throws: SystemError("open", root + "/none", code: ENOENT)) {
            try FileContent.read(path) { _, _ in true }
        }
        // A symbolic link may lead out of the file system.
        symlink("/etc/passwd", root + "/link")
        #expect(throws: SystemError("open", root + "/link", code: ELOOP)) {
            try FileContent.read(Array((root + "/link").utf8)) { _, _ in true }
        }
    }
}
