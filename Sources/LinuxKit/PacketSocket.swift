import Addresses
import CLinux

/// IPv4 packets of one interface below the kernel's own IP, for a machine that has no address yet: packet(7).
package struct PacketSocket: ~Copyable {
    private let socket: LinkSocket

    /// The largest packet that is read whole; a longer one is cut, and refused by its own length.
    private static let largest = 9216

    /// Hears UDP datagrams to `port`, and nothing else.
    /// - Throws: with EPERM without CAP_NET_RAW, with EAFNOSUPPORT where the kernel's module af_packet is missing.
    package init(_ link: Link, port: UInt16) throws(SystemError) {
        socket = try LinkSocket(link, hearing: ETH_P_IP) { davit_packet_filter($0, port) }
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
        guard let packet = try socket.receive(atMost: Self.largest) else { return nil }
        let vouched = UInt32(TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID)
        return Packet(
            bytes: packet.bytes, checksumIsVouchedFor: packet.origin.status & vouched != 0,
            isFromVLAN: packet.isFromVLAN)
    }

    /// Sends an IPv4 packet to a hardware address.
    package borrowing func send(
        _ bytes: [UInt8], to address: HardwareAddress
    ) throws(SystemError) {
        try socket.send(bytes, ethertype: ETH_P_IP, to: address)
    }
}
