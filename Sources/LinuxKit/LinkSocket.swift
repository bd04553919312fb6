import Addresses
import CLinux
import Glibc

/// A packet(7) socket on one interface, which hears what its filter lets through; the ground of `PacketSocket` and
/// `NeighbourSocket`.
struct LinkSocket: ~Copyable {
    private let socket: FileDescriptor
    private let index: Int32
    private let name: String

    /// - Parameter filter: attaches a filter to the socket of that number; 0 when it did.
    /// - Throws: with EPERM without CAP_NET_RAW, with EAFNOSUPPORT where the kernel's module af_packet is missing.
    init(
        _ link: Link, hearing ethertype: Int32, filter: (Int32) -> Int32
    ) throws(SystemError) {
        // With protocol 0 it hears nothing until the filter is in place and it is bound.
        let type = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let opened = Glibc.socket(AF_PACKET, Int32(type), 0)
        guard opened >= 0 else { throw SystemError("open a packet socket on", link.name) }
        let socket = FileDescriptor(adopting: opened)
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard filter(opened) == 0,
            setsockopt(opened, SOL_PACKET, PACKET_AUXDATA, &on, size) == 0,
            davit_packet_bind(opened, link.index, UInt16(ethertype)) == 0
        else { throw SystemError("set up a packet socket on", link.name) }
        self.socket = socket
        index = link.index
        name = link.name
    }

    var number: Int32 { socket.number }

    /// Hears other packets from now on.
    borrowing func hear(
        _ ethertype: Int32, filter: (Int32) -> Int32
    ) throws(SystemError) {
        guard filter(socket.number) == 0,
            davit_packet_bind(socket.number, index, UInt16(ethertype)) == 0
        else { throw SystemError("choose what to hear on", name) }
    }

    /// A packet, cut to the most that was asked for, and what the kernel says of it.
    struct Packet {
        let bytes: [UInt8]
        let origin: davit_packet

        /// It came with the tag of a VLAN, so that it is not for this interface. VLAN 0 is a priority on the untagged
        /// network. Source: IEEE 802.1Q.
        var isFromVLAN: Bool {
            origin.status & UInt32(TP_STATUS_VLAN_VALID) != 0 && origin.vlan_tci & 0x0FFF != 0
        }
    }

    /// The next packet that has come, or `nil`.
    /// - Throws: with ENETDOWN once after the interface went down; the socket goes on hearing when it comes back.
    borrowing func receive(atMost largest: Int) throws(SystemError) -> Packet? {
        var origin = davit_packet()
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: largest) { buffer, count in
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
        return Packet(bytes: bytes, origin: origin)
    }

    borrowing func send(
        _ bytes: [UInt8], ethertype: Int32, to address: HardwareAddress
    ) throws(SystemError) {
        var sent = transmit(bytes, ethertype, address)
        // The news of an interface that was down when the socket was bound, or went down later, waits in the socket for the
        // next call, whichever it is and however long the interface has been up again.
        if sent < 0, errno == ENETDOWN { sent = transmit(bytes, ethertype, address) }
        guard sent >= 0 else { throw SystemError("send to \(address) on", name) }
    }

    private borrowing func transmit(
        _ bytes: [UInt8], _ ethertype: Int32, _ address: HardwareAddress
    ) -> Int {
        bytes.withUnsafeBytes { buffer in
            retrying {
                davit_packet_send(
                    socket.number, index, UInt16(ethertype), address.bytes, buffer.baseAddress,
                    buffer.count)
            }
        }
    }
}
