import Glibc

/// The kernel's error numbers that others than the kits have to know.
package enum ErrorNumber {
    package static let notFound = ENOENT
    package static let inputOutput = EIO
    package static let brokenPipe = EPIPE

    package static func isBusy(_ code: Int32) -> Bool { code == EBUSY }

    /// The kernel's reason in words.
    package static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}
