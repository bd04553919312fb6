import CLinux
import Glibc

/// The kernel's own fsck of a bcachefs that is not mounted. Oldest kernel: 6.8, with its module loaded.
/// Source: linux fs/bcachefs/fsck.c, bch2_ioctl_fsck_offline; fs/bcachefs/thread_with_file.c.
package struct BcachefsCheck: ~Copyable {
    private let words: FileDescriptor

    /// Starts it on all members, block devices, with the options of a mount.
    /// - Throws: ENOENT without the kernel's control device, ENOTTY from a kernel that has no such fsck.
    package init(of members: [String], options: String) throws(SystemError) {
        var paths = members.map { strdup($0) }
        defer { paths.forEach { free($0) } }
        let number = davit_bcachefs_fsck(options, &paths, paths.count)
        guard number >= 0 else { throw SystemError("check", members.first ?? "", code: errno) }
        words = FileDescriptor(adopting: number)
    }

    /// Waits for the next of its words; `nil` when it has ended.
    package borrowing func next() throws(SystemError) -> [UInt8]? {
        guard case .bytes(let bytes) = try words.read(atMost: 4096) else { return nil }
        return bytes
    }

    /// Waits until it has ended.
    /// - Returns: the exit bits of fsck(8); 0 from a kernel that does not tell them.
    /// - Throws: why it could not do its work.
    package consuming func end() throws(SystemError) -> Int32 {
        let status = close(words.release())
        guard status >= 0 else { throw SystemError("check", "the members", code: errno) }
        return status
    }
}
