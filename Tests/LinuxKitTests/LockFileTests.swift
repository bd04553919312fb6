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

    @Test func whoOnlyLooksIsInNobodysWay() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        // As a look is, but ten times as long as any.
        let looker = open(path, O_RDWR | O_CREAT, 0o600)
        #expect(looker >= 0 && flock(looker, LOCK_SH) == 0)
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.1)
            close(looker)
        }
        guard let lock = try LockFile(taking: path) else {
            Issue.record("a look keeps the lock from being taken")
            return
        }
        #expect(LockFile.holder(path) == getpid())
        release(lock)
    }

    private func release(_ lock: consuming LockFile) {}
}
