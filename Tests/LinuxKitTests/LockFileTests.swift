import Foundation
import LinuxKit
import Testing

@Suite struct LockFileTests {
    private let path = NSTemporaryDirectory() + "davit-lock-\(UUID().uuidString)"

    @Test func oneHolderAtATimeAndItIsNamed() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(LockFile.holder(path) == nil)
        guard let lock = try LockFile(taking: path) else {
            Issue.record("nobody else has it")
            return
        }
        #expect(LockFile.holder(path) == getpid())
        if let second = try LockFile(taking: path) {
            release(second)
            Issue.record("a second holder")
        }
        release(lock)
        #expect(LockFile.holder(path) == nil)
    }

    private func release(_ lock: consuming LockFile) {}
}
