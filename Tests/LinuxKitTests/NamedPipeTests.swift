import Foundation
import LinuxKit
import Testing

/// What is lent to one reader of a FIFO, and never to another.
@Suite struct NamedPipeTests {
    private let path = NSTemporaryDirectory() + "davit-pipe-\(UUID().uuidString)"

    @Test func theReaderGetsItAndThenTheEnd() throws {
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let reader = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK)
        let lending = Lending(to: getpid(), lend)
        _ = try Poll.wait([.init(reader.number, .input)], until: Clock.now + .seconds(180))
        #expect(try reader.read(atMost: 16) == .bytes(Array("secret".utf8)))
        #expect(lending.error == nil)
        #expect(try rest(reader) == .end)
    }

    /// What comes next. A program that a test beside this one starts has a copy of the other end until it runs.
    private func rest(_ reader: borrowing FileDescriptor) throws -> FileDescriptor.Read {
        let deadline = Clock.now + .seconds(180)
        while Clock.now < deadline {
            let next = try reader.read(atMost: 16)
            if next != .wouldBlock { return next }
            _ = try Poll.wait([], until: Clock.now + .milliseconds(5))
        }
        return .wouldBlock
    }

    /// Whoever opens it next must not find there what was meant for one that ended.
    @Test func aReaderThatEndsIsNotWaitedFor() throws {
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        var request = ChildProcess.Request("/bin/sleep", ["600"])
        let input = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK)
        request.input = input.number
        let child = try ChildProcess(starting: request)
        let pid = child.pid
        _ = consume input
        let lending = Lending(to: pid, lend)
        _ = consume child  // kills it
        let error = lending.error
        #expect([ESRCH, ENXIO].contains(error?.code ?? 0), "\(String(describing: error))")
    }

    private func lend(to reader: Int32) throws {
        try Array("secret".utf8).withUnsafeBytes {
            try NamedPipe(path).lend($0, to: reader, patience: .seconds(60))
        }
    }

    /// One that goes on beside the test, in a thread of its own: those of other tests may all be waiting.
    private final class Lending: @unchecked Sendable {
        private var failure: SystemError?
        private let end = DispatchSemaphore(value: 0)

        init(to reader: Int32, _ lend: @escaping @Sendable (Int32) throws -> Void) {
            Thread.detachNewThread { [self] in
                do { try lend(reader) } catch { failure = error as? SystemError }
                end.signal()
            }
        }

        var error: SystemError? {
            end.wait()
            return failure
        }
    }

    @Test func anotherReaderGetsNothing() throws {
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let other = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK)
        #expect(throws: SystemError("write to", path, code: ESRCH)) {
            try lend(to: 1)
        }
        #expect(try rest(other) == .end)
    }
}
