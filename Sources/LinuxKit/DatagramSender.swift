import Addresses
import CLinux
import Glibc

/// Sends UDP datagrams through one interface. It hears nothing: its filter drops everything that
/// comes, which also keeps the kernel from answering that nobody listens on the port.
package struct DatagramSender: ~Copyable {
    private let socket: FileDescriptor
    private let name: String

    /// - Parameter port: the one to send from.
    package init(_ link: Link, port: UInt16) throws(SystemError) {
        let type = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let opened = Glibc.socket(AF_INET, Int32(type), 0)
        guard opened >= 0 else { throw SystemError("open", "a UDP socket") }
        let socket = FileDescriptor(adopting: opened)
        var on: Int32 = 1
        let bound = link.name.withCString { text in
            setsockopt(opened, SOL_SOCKET, SO_BINDTODEVICE, text, socklen_t(strlen(text)))
        }
        guard davit_packet_filter(opened, 0) == 0, bound == 0,
            setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
                == 0,
            davit_udp_bind(opened, port) == 0
        else { throw SystemError("bind a UDP socket to port \(port) on", link.name) }
        self.socket = socket
        name = link.name
    }

    /// Sends from one of the interface's own addresses.
    package borrowing func send(
        _ bytes: [UInt8], from source: IPv4Address, to address: IPv4Address, port: UInt16
    ) throws(SystemError) {
        let sent = bytes.withUnsafeBytes { buffer in
            retrying {
                davit_udp_send(
                    socket.number, source.rawValue, address.rawValue, port,
                    buffer.baseAddress, buffer.count)
            }
        }
        guard sent >= 0 else { throw SystemError("send from \(name) to", address.description) }
    }
}
