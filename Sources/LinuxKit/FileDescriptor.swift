import CLinux
import Glibc

/// An open file descriptor, closed when its owner goes away.
package struct FileDescriptor: ~Copyable {
    /// The descriptor's number, valid as long as this value lives.
    package let number: Int32

    /// Takes over a descriptor that nobody else closes.
    package init(adopting number: Int32) { self.number = number }

    deinit { _ = close(number) }

    /// Hands the descriptor to somebody else who closes it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Opens `path`, always with O_CLOEXEC.
    package init(
        opening path: String, _ flags: Int32, mode: mode_t = 0
    ) throws(SystemError) {
        let opened = davit_open(path, flags | O_CLOEXEC, mode)
        guard opened >= 0 else { throw SystemError("open", path) }
        number = opened
    }

    /// Opens `path` for reading; a FIFO or device that has nothing to say does not hold the caller up.
    package init(readingWithoutWaiting path: String) throws(SystemError) {
        try self.init(opening: path, O_RDONLY | O_NONBLOCK)
    }

    /// The numbers of standard input, standard output and standard error.
    package static let standardInput = STDIN_FILENO
    package static let standardOutput = STDOUT_FILENO
    package static let standardError = STDERR_FILENO

    /// Opens `path` for writing, made when it is not there and emptied when it is.
    package init(emptying path: String, mode: mode_t) throws(SystemError) {
        try self.init(opening: path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    }

    /// An anonymous file in memory of `size` bytes, which takes room only where it is written.
    package static func inMemory(
        _ name: String, size: UInt64
    ) throws(SystemError) -> FileDescriptor {
        let made = davit_memory_file(name)
        guard made >= 0 else { throw SystemError("make", "a file in memory") }
        return try sized(FileDescriptor(adopting: made), size)
    }

    /// A new file of `size` bytes that has no name any more: it goes away with its last user.
    package static func unnamed(
        at path: String, size: UInt64
    ) throws(SystemError) -> FileDescriptor {
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        try Files.remove(path)
        return try sized(file, size)
    }

    private static func sized(
        _ file: consuming FileDescriptor, _ size: UInt64
    ) throws(SystemError) -> FileDescriptor {
        guard ftruncate(file.number, off_t(clamping: size)) == 0 else {
            throw SystemError("make a file of", "\(size) bytes")
        }
        return file
    }

    /// A second descriptor for the same open file, with O_CLOEXEC.
    package borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        let copy = davit_fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemError("duplicate", "descriptor \(number)") }
        return FileDescriptor(adopting: copy)
    }

    /// The two ends of a pipe, both with O_CLOEXEC.
    package static func pipe() throws(SystemError) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard davit_pipe(&ends) == 0 else { throw SystemError("make", "a pipe") }
        return Pipe(reading: .init(adopting: ends[0]), writing: .init(adopting: ends[1]))
    }

    /// A directory, which stays what it is when the path comes to lead elsewhere.
    package init(openingDirectory path: String) throws(SystemError) {
        try self.init(opening: path, O_RDONLY | O_DIRECTORY)
    }

    /// Makes it the working directory of this process.
    package borrowing func enter() throws(SystemError) {
        guard fchdir(number) == 0 else {
            throw SystemError("change to the directory of", "descriptor \(number)")
        }
    }

    /// Makes reads and writes return at once instead of waiting.
    package borrowing func setNonBlocking(_ wanted: Bool = true) throws(SystemError) {
        let flags = davit_fcntl(number, F_GETFL, 0)
        let changed = wanted ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        guard flags >= 0, davit_fcntl(number, F_SETFL, changed) >= 0 else {
            throw SystemError("change the mode of", "descriptor \(number)")
        }
    }

    /// The size of the open file in bytes; 0 where it has none.
    package var size: Int {
        var status = stat()
        return fstat(number, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The size of the open file or block device in bytes, or `nil` where it cannot be asked. Moves the file position.
    package borrowing func length() -> UInt64? {
        let end = lseek(number, 0, SEEK_END)
        return end >= 0 ? UInt64(end) : nil
    }

    /// Reads `count` bytes from `offset` on and leaves the file position alone.
    /// - Throws: the kernel's reason; EIO when the file ends before.
    package borrowing func read(
        _ count: Int, at offset: UInt64
    ) throws(SystemError) -> [UInt8] {
        guard let start = off_t(exactly: offset) else {
            throw SystemError("read from", "descriptor \(number)", code: EINVAL)
        }
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        var filled = 0
        while filled < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                retrying {
                    pread(
                        number, buffer.baseAddress.map { $0 + filled }, buffer.count - filled,
                        start + off_t(filled))
                }
            }
            guard got >= 0 else { throw SystemError("read from", "descriptor \(number)") }
            guard got > 0 else {
                throw SystemError("read from", "descriptor \(number)", code: EIO)
            }
            filled += got
        }
        return bytes
    }

    /// What one read gave.
    package enum Read: Equatable, Sendable {
        case bytes([UInt8])
        case wouldBlock
        case end
    }

    /// Reads once, at most `limit` bytes.
    package borrowing func read(atMost limit: Int) throws(SystemError) -> Read {
        var status = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            status = retrying { Glibc.read(number, buffer.baseAddress, buffer.count) }
            count = max(0, status)
        }
        if status > 0 { return .bytes(bytes) }
        if status == 0 { return .end }
        if errno == EAGAIN { return .wouldBlock }
        throw SystemError("read from", "descriptor \(number)")
    }

    /// Reads once into `buffer`; `nil` where it would have to wait, 0 at the end.
    package borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int? {
        let status = retrying { Glibc.read(number, buffer.baseAddress, buffer.count) }
        if status >= 0 { return status }
        if errno == EAGAIN { return nil }
        throw SystemError("read from", "descriptor \(number)")
    }

    /// Reads to the end, at most `limit` bytes, and stops where it would have to wait.
    package borrowing func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var content: [UInt8] = []
        while content.count < limit,
            case .bytes(let bytes) = try read(atMost: min(65536, limit - content.count))
        {
            content += bytes
        }
        return content
    }

    /// Writes once and says how many bytes went; `nil` where it would have to wait.
    package borrowing func writeOnce(
        _ bytes: UnsafeRawBufferPointer
    ) throws(SystemError) -> Int? {
        let status = retrying { Glibc.write(number, bytes.baseAddress, bytes.count) }
        if status >= 0 { return status }
        if errno == EAGAIN { return nil }
        throw SystemError("write to", "descriptor \(number)")
    }

    /// Writes all of `bytes`, waiting as long as it takes.
    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            guard let count = try writeOnce(rest) else {
                _ = try Poll.wait([.init(number, .output)], until: nil)
                continue
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    package borrowing func write(_ bytes: [UInt8]) throws(SystemError) {
        // withUnsafeBytes cannot carry a typed error and a borrowed self, so the loop stands here once more.
        var offset = 0
        while offset < bytes.count {
            let status = bytes.withUnsafeBytes { all in
                retrying {
                    Glibc.write(number, all.baseAddress.map { $0 + offset }, all.count - offset)
                }
            }
            if status >= 0 {
                offset += status
            } else if errno == EAGAIN {
                _ = try Poll.wait([.init(number, .output)], until: nil)
            } else {
                throw SystemError("write to", "descriptor \(number)")
            }
        }
    }

    package borrowing func write(_ text: String) throws(SystemError) {
        try write(Array(text.utf8))
    }
}

/// Calls again while a signal interrupts.
package func retrying<Status: SignedInteger>(_ call: () -> Status) -> Status {
    var status: Status
    repeat { status = call() } while status == -1 && errno == EINTR
    return status
}

/// The two ends of a pipe.
package struct Pipe: ~Copyable {
    package let reading: FileDescriptor
    package let writing: FileDescriptor

    package init(reading: consuming FileDescriptor, writing: consuming FileDescriptor) {
        self.reading = reading
        self.writing = writing
    }

    /// Hands out both ends, for an owner that drops one earlier than the other.
    package consuming func split() -> (reading: Int32, writing: Int32) {
        let reading = reading.release()
        return (reading, writing.release())
    }
}

extension FileDescriptor {
    /// Lends a descriptor that stays somebody else's to close.
    package static func lend<Result: ~Copyable, Failure: Error>(
        _ number: Int32, _ body: (borrowing FileDescriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let file = FileDescriptor(adopting: number)
        do throws(Failure) {
            let result = try body(file)
            _ = file.release()
            return result
        } catch {
            _ = file.release()
            throw error
        }
    }
}

extension Optional where Wrapped == FileDescriptor {
    /// The descriptor's number, or -1, which poll(2) passes over.
    package var number: Int32 {
        switch self {
        case .some(let file): file.number
        case .none: -1
        }
    }
}
