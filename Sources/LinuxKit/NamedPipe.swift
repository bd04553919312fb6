import CLinux
import Glibc

/// A FIFO that another process reads.
package struct NamedPipe: Sendable, Equatable {
    /// Which file a path leads to, however many links lie between.
    package struct Identity: Sendable, Equatable {
        private let device: dev_t
        private let inode: ino_t

        /// `nil` unless the path leads to a FIFO.
        package init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return nil }
            device = status.st_dev
            inode = status.st_ino
        }
    }

    package let path: String
    package init(_ path: String) { self.path = path }

    /// `nil` when there is no FIFO at the path.
    package var identity: Identity? { Identity(path) }

    /// Whether that process has the FIFO open.
    package func isHeld(by pid: Int32) -> Bool {
        guard let identity else { return false }
        return Files.names(in: "\(Roots.proc)/\(pid)/fd").contains {
            Identity("\(Roots.proc)/\(pid)/fd/\($0)") == identity
        }
    }

    /// Writes `bytes` and closes, which is the reader's end of input.
    ///
    /// Never waits longer than `patience`; nobody reading is an error, as are more bytes than the pipe takes then.
    package func write(
        _ bytes: UnsafeRawBufferPointer, patience: Duration
    ) throws(SystemError) {
        let pipe = try FileDescriptor(opening: path, O_WRONLY | O_NONBLOCK)
        let deadline = Clock.now + patience
        var rest = bytes
        while !rest.isEmpty {
            if let count = try pipe.writeOnce(rest) {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            } else if Clock.now >= deadline {
                throw SystemError("write to", path, code: ETIMEDOUT)
            } else {
                _ = try Poll.wait([.init(pipe.number, .output)], until: deadline)
            }
        }
    }

    /// Gives the reader `bytes` from where they lie, so that no copy of them stays in the kernel's buffers, and closes.
    ///
    /// They must stay as they are during the call, which ends when they have been read, after `patience` at most.
    /// - Throws: when nobody reads, or not in time; ESRCH when the process `reader` has not got it open (any more).
    package func lend(
        _ bytes: UnsafeRawBufferPointer, to reader: Int32, patience: Duration
    ) throws(SystemError) {
        let pipe = try FileDescriptor(opening: path, O_WRONLY | O_NONBLOCK)
        // From here on the pipe and what is in it outlive the reader, and the next one would get it.
        guard isHeld(by: reader) else { throw SystemError("write to", path, code: ESRCH) }
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        let lent = retrying { davit_lend_to_pipe(pipe.number, base, bytes.count) }
        guard lent == bytes.count else {
            throw SystemError("write to", path, code: lent < 0 ? errno : ETIMEDOUT)
        }
        let deadline = Clock.now + patience
        while davit_unread(pipe.number) > 0 {
            guard Clock.now < deadline else {
                throw SystemError("write to", path, code: ETIMEDOUT)
            }
            guard isHeld(by: reader) else { throw SystemError("write to", path, code: ESRCH) }
            // The kernel tells a writer about room, and not about emptiness.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(5))
        }
    }
}
