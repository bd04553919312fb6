import Glibc

/// A system call that failed: what was tried, on which object, and the kernel's reason.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// What was tried, as words that follow "cannot": `open`, `bind a socket to`.
    package let operation: String
    /// What it was tried on: a path, an interface, an address.
    package let object: String
    /// The kernel's reason (errno).
    package let code: Int32

    package init(_ operation: String, _ object: String, code: Int32 = errno) {
        self.operation = operation
        self.object = object
        self.code = code
    }

    package var description: String { "Cannot \(operation) \(object): \(reason)." }

    /// The kernel's reason in words.
    package var reason: String { String(cString: strerror(code)) }

    package var isNotFound: Bool { code == ENOENT }
    package var isAddressInUse: Bool { code == EADDRINUSE }
    package var isOutOfSpace: Bool { code == ENOSPC }
    package var isBusy: Bool { code == EBUSY }
    /// The kernel does not take the arguments; the device mapper says so of a target that it does not know.
    package var isInvalid: Bool { code == EINVAL }
    /// The kernel has no driver for it.
    package var isUnknownToKernel: Bool { code == ENODEV }
    /// A device of that kind answers no such request.
    package var isUnknownRequest: Bool { code == ENOTTY }
    /// The kernel lacks the module for it.
    package var isUnsupported: Bool { code == EOPNOTSUPP }
    package var isPermission: Bool { code == EPERM || code == EACCES }
}
