import Addresses
import CLinux

/// What the other machines on a link say of themselves, and ARP: packet(7) on one interface.
package struct NeighbourSocket: ~Copyable {
    private let socket: LinkSocket

    /// An ARP packet.
    private static let largest = 28

    /// Hears ARP and broadcasts.
    /// - Throws: with EPERM without CAP_NET_RAW, with EAFNOSUPPORT where the kernel's module af_packet is missing.
    package init(_ link: Link) throws(SystemError) {
        socket = try LinkSocket(link, hearing: ETH_P_ALL) { davit_life_filter($0, 0) }
    }

    /// Becomes readable (`Poll`) when something was heard, and when the interface went down.
    package var descriptor: Int32 { socket.number }

    /// Hears from now on only what contests this address; with `nil` everything again.
    package borrowing func listen(for address: IPv4Address?) throws(SystemError) {
        // ARP alone while there is an address: the kernel then asks the filter for no other packet.
        try socket.hear(address == nil ? ETH_P_ALL : ETH_P_ARP) {
            davit_life_filter($0, address?.rawValue ?? 0)
        }
    }

    /// What was heard.
    package enum Sound: Sendable {
        /// From its ARP header on.
        case arp([UInt8])
        case broadcast
        /// It came with the tag of a VLAN, so that it is not for this interface.
        case otherVLAN
    }

    /// The next packet that was heard, or `nil`.
    /// - Throws: with ENETDOWN once after the interface went down; the socket goes on hearing when it comes back.
    package borrowing func receive() throws(SystemError) -> Sound? {
        guard let packet = try socket.receive(atMost: Self.largest) else { return nil }
        if packet.isFromVLAN { return .otherVLAN }
        return packet.origin.ethertype == UInt16(ETH_P_ARP) ? .arp(packet.bytes) : .broadcast
    }

    /// Sends an ARP packet to everybody on the link.
    package borrowing func broadcast(_ bytes: [UInt8]) throws(SystemError) {
        try socket.send(bytes, ethertype: ETH_P_ARP, to: .broadcast)
    }
}
