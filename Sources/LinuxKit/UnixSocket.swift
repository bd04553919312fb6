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

    /// Makes a socket at `path` that keeps the borders of messages, and listens; `nil` when something is there already.
    package static func listen(at path: String) throws(SystemError) -> FileDescriptor? {
        let made = davit_message_listener(path)
        if made >= 0 { return FileDescriptor(adopting: made) }
        let error = SystemError("listen at", path)
        guard error.isAddressInUse else { throw error }
        return nil
    }

    /// Connects to such a socket; the connection does not block.
    package static func connect(to path: String) throws(SystemError) -> FileDescriptor {
        let made = davit_message_connection(path)
        guard made >= 0 else { throw SystemError("connect to", path) }
        return FileDescriptor(adopting: made)
    }

    /// The next connection; `nil` when there is none now.
    package static func accept(from listener: Int32) -> FileDescriptor? {
        let accepted = davit_accept(listener)
        return accepted >= 0 ? FileDescriptor(adopting: accepted) : nil
    }
}
