import CLinux
import Glibc

/// Files that others keep their blocks in.
extension FileDescriptor {
    /// Opens `path` for reading and writing; with `creating`, makes it when it is not there, for root only.
    package init(updating path: String, creating: Bool = false) throws(SystemError) {
        try self.init(opening: path, O_RDWR | (creating ? O_CREAT : 0), mode: 0o600)
    }

    package borrowing func setLength(_ bytes: UInt64) throws(SystemError) {
        guard ftruncate(number, off_t(clamping: bytes)) == 0 else {
            throw SystemError("set the size of", "descriptor \(number)")
        }
    }

    /// Makes the file that long, with room on the disk for all of it where the file system can promise that.
    /// - Throws: ENOSPC when there is none.
    package borrowing func allocate(_ bytes: UInt64) throws(SystemError) {
        if davit_allocate(number, off_t(clamping: bytes)) == 0 { return }
        guard errno == EOPNOTSUPP else { throw SystemError("find room for", "\(bytes) bytes") }
        guard freeSpace >= bytes else {
            throw SystemError("find room for", "\(bytes) bytes", code: ENOSPC)
        }
        try setLength(bytes)
    }

    /// What programs can still write to the file system that the file is on, in bytes.
    package var freeSpace: UInt64 { (try? FileSystemUse(of: self))?.room ?? 0 }

    /// Writes `bytes` at `offset`; they are on the disk when it returns.
    package borrowing func writeDurably(
        _ bytes: [UInt8], at offset: UInt64
    ) throws(SystemError) {
        let count = bytes.withUnsafeBytes { buffer in
            retrying { pwrite(number, buffer.baseAddress, buffer.count, off_t(clamping: offset)) }
        }
        guard count == bytes.count else { throw SystemError("write to", "descriptor \(number)") }
        try flush()
    }

    /// Waits until what was written is on the disk; of a block device, in its own cache neither.
    package borrowing func flush() throws(SystemError) {
        guard fsync(number) == 0 else { throw SystemError("flush", "descriptor \(number)") }
    }
}
