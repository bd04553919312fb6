import Foundation
import LinuxKit
import Testing

@Suite struct FilesTests {
    let directory = NSTemporaryDirectory() + "davit-files-\(UUID().uuidString)"

    @Test func replacesAFileInOneStepAndLeavesNothingElse() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Files.makeDirectory(directory + "/a/b")
        try Files.makeDirectory(directory + "/a/b")
        try Files.replace(directory + "/a/b/state", with: "one\n")
        try Files.replace(directory + "/a/b/state", with: "two\n")
        #expect(Files.text(directory + "/a/b/state") == "two")
        #expect(Files.names(in: directory + "/a/b") == ["state"])
        try Files.remove(directory + "/a/b/state")
        try Files.remove(directory + "/a/b/state")
        #expect(Files.exists(directory + "/a/b/state") == false)
    }

    @Test func namesTheFileThatCannotBeWritten() {
        let path = directory + "/missing/state"
        #expect(throws: SystemError("write", path, code: ENOENT)) {
            try Files.replace(path, with: "x")
        }
        #expect(
            SystemError("write", "/x", code: ENOENT).description
                == "Cannot write /x: No such file or directory.")
    }

    @Test func readsFilesWithoutASizeUpToALimit() throws {
        #expect(try Files.read("/proc/self/status").count > 100)
        #expect(try Files.read("/dev/zero", limit: 70_000).count == 70_000)
        #expect(Files.text("/no/such/file") == nil)
    }
}
