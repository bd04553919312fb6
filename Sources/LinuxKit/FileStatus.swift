import CLinux
import Glibc

/// Who owns a file and who may do what with it.
package struct FileStatus: Sendable {
    package let owner: UInt32
    /// The permission bits, such as 0o600.
    package let mode: UInt32
    package let isDirectory: Bool
    package let isRegular: Bool
    /// When it was last read from, since 1970; of a terminal, when something was last typed.
    package let lastRead: Duration
    /// Major and minor number of the device that this node stands for; `nil` for what is no block device.
    package let blockDevice: (major: UInt32, minor: UInt32)?

    /// Of a path, links followed.
    package init(of path: String) throws(SystemError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError("look at", path) }
        self.init(status)
    }

    /// Of an open file, so that nobody can swap it between the look and the read.
    package init(of file: borrowing FileDescriptor, named path: String) throws(SystemError) {
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw SystemError("look at", path) }
        self.init(status)
    }

    private init(_ status: stat) {
        owner = status.st_uid
        mode = UInt32(status.st_mode) & 0o7777
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        isRegular = status.st_mode & S_IFMT == S_IFREG
        lastRead = .seconds(status.st_atim.tv_sec) + .nanoseconds(status.st_atim.tv_nsec)
        blockDevice =
            status.st_mode & S_IFMT == S_IFBLK
            ? (davit_major(status.st_rdev), davit_minor(status.st_rdev)) : nil
    }

    /// The mode as chmod(1) takes it: `0600`.
    package var octal: String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Whether it belongs to root or to the user whom this process runs as.
    package var isOwnedByUs: Bool { owner == 0 || owner == geteuid() }
}
