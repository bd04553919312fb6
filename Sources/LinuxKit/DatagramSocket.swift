import CLinux
import Glibc

/// UDP on one interface and port, for IPv4 or IPv6, with a multicast group or without.
package struct DatagramSocket: ~Copyable {
    private let socket: FileDescriptor
    private let link: Link
    private let family: Int32

    /// - Parameter group: 4 or 16 bytes, as the family has it.
    package init(
        _ link: Link, port: UInt16, isIPv6: Bool, group: [UInt8]? = nil
    ) throws(SystemError) {
        let family = isIPv6 ? AF_INET6 : AF_INET
        let opened =
            if let group {
                davit_datagram_open(family, link.index, link.name, port, group)
            } else {
                davit_datagram_open(family, link.index, link.name, port, nil)
            }
        guard opened >= 0 else { throw SystemError("open UDP port \(port) on", link.name) }
        socket = FileDescriptor(adopting: opened)
        self.link = link
        self.family = family
    }

    /// Becomes readable (`Poll`) when something has come.
    package var descriptor: Int32 { socket.number }

    /// A datagram as it came, and from where: 4 or 16 bytes and a port.
    package struct Datagram: Sendable {
        package let bytes: [UInt8]
        package let address: [UInt8]
        package let port: UInt16
    }

    /// The next datagram that has come, or `nil`.
    package borrowing func receive() -> Datagram? {
        var address = [UInt8](repeating: 0, count: 16)
        var port: UInt16 = 0
        var got = -1
        let bytes = [UInt8](unsafeUninitializedCapacity: 9000) { buffer, count in
            got = retrying {
                davit_datagram_receive(
                    socket.number, buffer.baseAddress, buffer.count, &address, &port)
            }
            count = min(max(0, got), buffer.count)
        }
        guard got >= 0 else { return nil }
        if family == AF_INET { address.removeLast(12) }
        return Datagram(bytes: bytes, address: address, port: port)
    }

    /// - Parameter address: 4 or 16 bytes, as the family has it.
    package borrowing func send(
        _ bytes: [UInt8], to address: [UInt8], port: UInt16
    ) throws(SystemError) {
        guard address.count == (family == AF_INET ? 4 : 16) else { return }
        let sent = bytes.withUnsafeBytes { buffer in
            retrying {
                davit_datagram_send(
                    socket.number, family, link.index, address, port, buffer.baseAddress,
                    buffer.count)
            }
        }
        guard sent >= 0 else { throw SystemError("send UDP to port \(port) on", link.name) }
    }
}
