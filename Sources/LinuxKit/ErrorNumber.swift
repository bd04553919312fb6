import Glibc

/// The kernel's error numbers that others than the kits have to know.
package enum ErrorNumber {
    package static let notFound = ENOENT
    package static let inputOutput = EIO
    package static let brokenPipe = EPIPE
    package static let exists = EEXIST
    package static let invalid = EINVAL

    /// What a path leads to is not there, in the sense of SFTP. Source: OpenSSH sftp-server.c, errno_to_portable.
    package static let missing = [ENOENT, ENOTDIR, EBADF, ELOOP]
    package static let forbidden = [EPERM, EACCES, EFAULT]
    package static let malformed = [ENAMETOOLONG, EINVAL]
    package static let unsupported = [ENOSYS, EOPNOTSUPP]
    /// The disk or the machine has trouble of which a person must hear.
    package static let troubles = [EIO, ENOSPC, EDQUOT, EROFS, EFBIG, ENOMEM, ENFILE, EUCLEAN]

    package static func isBusy(_ code: Int32) -> Bool { code == EBUSY }

    /// The kernel's reason in words.
    package static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}
