import Addresses
import CLinux
import Glibc

/// IPv4 packets of one interface below the kernel's own IP, for a machine that has no address yet: packet(7).
package struct PacketSocket: ~Copyable {
    private let socket: FileDescriptor
    private let index: Int32

    /// The largest packet that is read whole; a longer one is cut, and refused by its own length.
    private static let largest = 9216

    /// Hears UDP datagrams to `port`, and nothing else.
    /// - Throws: with EPERM without CAP_NET_RAW, with EAFNOSUPPORT where the kernel's module af_packet is missing.
    package init(_ link: Link, port: UInt16) throws(SystemError) {
        // With protocol 0 it hears nothing until the filter is in place and it is bound.
        let type = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let opened = Glibc.socket(AF_PACKET, Int32(type), 0)
        guard opened >= 0 else { throw SystemError("open a packet socket on", link.name) }
        let socket = FileDescriptor(adopting: opened)
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard davit_packet_filter(opened, port) == 0,
            setsockopt(opened, SOL_PACKET, PACKET_AUXDATA, &on, size) == 0,
            davit_packet_bind(opened, link.index, UInt16(ETH_P_IP)) == 0
        else { throw SystemError("set up a packet socket on", link.name) }
        self.socket = socket
        index = link.index
    }

    /// Becomes readable (`Poll`) when a packet has come, and when the interface went down.
    package var descriptor: Int32 { socket.number }

    /// A packet from its IPv4 header on.
    package struct Packet: Sendable {
        package let bytes: [UInt8]
        /// The kernel has checked the UDP checksum, or left it for hardware that the packet never passed.
        package let checksumIsVouchedFor: Bool
        /// It came with the tag of a VLAN, so that it is not for this interface.
        package let isFromVLAN: Bool
    }

    /// The next packet that has come, or `nil`.
    /// - Throws: with ENETDOWN once after the interface went down; the socket goes on hearing when it comes back.
    package borrowing func receive() throws(SystemError) -> Packet? {
        var origin = davit_packet()
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.largest) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            repeat {
                origin = davit_packet_receive(socket.number, base, buffer.count)
                code = errno
            } while origin.length < 0 && code == EINTR
            count = min(max(0, origin.length), buffer.count)
        }
        guard origin.length >= 0 else {
            if code == EAGAIN { return nil }
            throw SystemError("receive from", "interface \(index)", code: code)
        }
        let vouched = UInt32(TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID)
        let isTagged = origin.status & UInt32(TP_STATUS_VLAN_VALID) != 0
        return Packet(
            bytes: bytes, checksumIsVouchedFor: origin.status & vouched != 0,
            // VLAN 0 is a priority on the untagged network. Source: IEEE 802.1Q.
            isFromVLAN: isTagged && origin.vlan_tci & 0x0FFF != 0)
    }

    /// Sends an IPv4 packet to a hardware address.
    package borrowing func send(
        _ bytes: [UInt8], to address: HardwareAddress
    ) throws(SystemError) {
        var sent = transmit(bytes, to: address)
        // The news of an interface that was down when the socket was bound, or went down later, waits in the socket for the
        // next call, whichever it is and however long the interface has been up again.
        if sent < 0, errno == ENETDOWN { sent = transmit(bytes, to: address) }
        guard sent >= 0 else { throw SystemError("send to", address.description) }
    }

    private borrowing func transmit(_ bytes: [UInt8], to address: HardwareAddress) -> Int {
        bytes.withUnsafeBytes { buffer in
            retrying {
                davit_packet_send(
                    socket.number, index, UInt16(ETH_P_IP), address.bytes, buffer.baseAddress,
                    buffer.count)
            }
        }
    }
}
