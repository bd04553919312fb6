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
        let looker = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #expect(looker >= 0 && flock(looker, LOCK_SH) == 0)
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.1)
            close(looker)
        }
        try expectTaken()
    }

    /// A machine with a tmpfs, as /run is: there the kernel's list of locks tells them apart.
    private static let memory = Files.exists("/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()

    @Test func whoHoldsItIsNotWhoIsWrittenThere() throws {
        let path = "\(Self.memory)/davit-lock-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard let lock = try LockFile(taking: path) else {
            Issue.record("nobody else has it")
            return
        }
        // As the one before left it that was killed; and as it is on a full /run.
        for text in ["1\n", ""] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            #expect(LockFile.isHeld(path))
            #expect(LockFile.holder(path) == getpid(), "\(text)")
        }
        release(lock)
        #expect(!LockFile.isHeld(path))
    }

    /// The one before removes the file while another waits for it: that one must not be left with a lock that nobody sees.
    @Test func aFileThatIsRemovedMeanwhileIsMadeAnew() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let looker = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #expect(looker >= 0 && flock(looker, LOCK_SH) == 0)
        let path = path
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.1)
            unlink(path)
            flock(looker, LOCK_UN)
            close(looker)
        }
        try expectTaken()
    }

    private func expectTaken() throws {
        guard let lock = try LockFile(taking: path) else {
            Issue.record("a look keeps the lock from being taken")
            return
        }
        #expect(LockFile.holder(path) == getpid())
        release(lock)
    }

    private func release(_ lock: consuming LockFile) {}
}
