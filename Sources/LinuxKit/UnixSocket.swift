import CLinux
import Glibc

/// Sockets that are files.
package enum UnixSocket {
    /// Sends one datagram, a byte and the rest of it from where it lies; never waits.
    package static func send(
        first: UInt8, _ rest: UnsafeRawBufferPointer, to path: String
    ) throws(SystemError) {
        let sent = retrying { davit_send_to_path(path, first, rest.baseAddress, rest.count) }
        guard sent == rest.count + 1 else { throw SystemError("send to", path) }
    }
}
