import CLinux
import Glibc

/// What statvfs(3) says of a mounted file system; counts are in fragments.
package struct FileSystemUse: Sendable, Equatable {
    package let blockSize, fragmentSize, blocks, free, available: UInt64
    package let files, freeFiles, availableFiles: UInt64
    package let identity, longestName: UInt64
    package let isReadOnly, ignoresSetUser: Bool

    /// What programs can still write to it, in bytes.
    package var room: UInt64 {
        available.multipliedReportingOverflow(by: fragmentSize).partialValue
    }

    /// The file system that `path` is on.
    package init(of path: [UInt8]) throws(SystemError) {
        var status = statvfs()
        _ = try FileCalls.call("ask for the file system of", path) { statvfs($0, &status) }.get()
        self.init(status)
    }

    /// The one that an open file is on.
    package init(of file: borrowing FileDescriptor) throws(SystemError) {
        var status = statvfs()
        guard fstatvfs(file.number, &status) == 0 else {
            throw SystemError("ask for the file system of", "descriptor \(file.number)")
        }
        self.init(status)
    }

    private init(_ status: statvfs) {
        blockSize = UInt64(status.f_bsize)
        fragmentSize = UInt64(status.f_frsize)
        blocks = UInt64(status.f_blocks)
        free = UInt64(status.f_bfree)
        available = UInt64(status.f_bavail)
        files = UInt64(status.f_files)
        freeFiles = UInt64(status.f_ffree)
        availableFiles = UInt64(status.f_favail)
        identity = UInt64(status.f_fsid)
        longestName = UInt64(status.f_namemax)
        isReadOnly = UInt64(status.f_flag) & 1 != 0  // ST_RDONLY
        ignoresSetUser = UInt64(status.f_flag) & 2 != 0  // ST_NOSUID
    }
}
