import Addresses
import CLinux
import Glibc

/// What the other machines on a link say of themselves, and ARP: packet(7) on one interface.
package struct NeighbourSocket: ~Copyable {
    private let socket: FileDescriptor
    private let index: Int32
    private let name: String

    /// An ARP packet.
    private static let largest = 28

    /// Hears ARP and broadcasts.
    /// - Throws: with EPERM without CAP_NET_RAW, with EAFNOSUPPORT where the kernel's module af_packet is missing.
    package init(_ link: Link) throws(SystemError) {
        let type = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        // With protocol 0 it hears nothing until the filter is in place and it is bound.
        let opened = Glibc.socket(AF_PACKET, Int32(type), 0)
        guard opened >= 0 else { throw SystemError("open a packet socket on", link.name) }
        let socket = FileDescriptor(adopting: opened)
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard davit_life_filter(opened, 0) == 0,
            setsockopt(opened, SOL_PACKET, PACKET_AUXDATA, &on, size) == 0,
            davit_packet_bind(opened, link.index, UInt16(ETH_P_ALL)) == 0
        else { throw SystemError("set up a packet socket on", link.name) }
        self.socket = socket
        index = link.index
        name = link.name
    }

    /// Becomes readable (`Poll`) when something was heard, and when the interface went down.
    package var descriptor: Int32 { socket.number }

    /// Hears from now on only what contests this address; with `nil` everything again.
    package borrowing func listen(for address: IPv4Address?) throws(SystemError) {
        // ARP alone while there is an address: the kernel then asks the filter for no other packet.
        let protocols = UInt16(address == nil ? ETH_P_ALL : ETH_P_ARP)
        guard davit_life_filter(socket.number, address?.rawValue ?? 0) == 0,
            davit_packet_bind(socket.number, index, protocols) == 0
        else { throw SystemError("choose what to hear on", name) }
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
            throw SystemError("receive from", name, code: code)
        }
        let isTagged = origin.status & UInt32(TP_STATUS_VLAN_VALID) != 0
        if isTagged, origin.vlan_tci & 0x0FFF != 0 { return .otherVLAN }
        return origin.ethertype == UInt16(ETH_P_ARP) ? .arp(bytes) : .broadcast
    }

    /// Sends an ARP packet to everybody on the link.
    package borrowing func broadcast(_ bytes: [UInt8]) throws(SystemError) {
        var sent = transmit(bytes)
        // As in `PacketSocket`: old news of an interface that was down.
        if sent < 0, errno == ENETDOWN { sent = transmit(bytes) }
        guard sent >= 0 else { throw SystemError("send ARP on", name) }
    }

    private borrowing func transmit(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { buffer in
            retrying {
                davit_packet_send(
                    socket.number, index, UInt16(ETH_P_ARP), HardwareAddress.broadcast.bytes,
                    buffer.baseAddress, buffer.count)
            }
        }
    }
}
