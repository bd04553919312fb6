import Addresses
import LinuxKit
import NetworkCore

/// Everything that goes out of one interface and comes in, below the kernel's own IP.
struct Wire: ~Copyable {
    private let link: Link
    private let packets: PacketSocket
    private let neighbours: NeighbourSocket
    /// Kept open, so that the kernel does not tell servers that nobody listens on the port.
    private var sender: DatagramSender?
    private var watched: IPv4Address?

    init(_ link: Link) throws(SystemError) {
        let packets = try PacketSocket(link, port: 68)
        let neighbours = try NeighbourSocket(link)
        self.link = link
        self.packets = packets
        self.neighbours = neighbours
        // Another DHCP client may hold the port; it is tried again when it is needed.
        sender = try? DatagramSender(link, port: 68)
    }

    /// Each becomes readable (`Poll`) when something has come.
    var descriptors: [Int32] { [packets.descriptor, neighbours.descriptor] }

    // MARK: In

    /// What came from a DHCP server.
    enum Arrival {
        case message(DHCPMessage)
        /// A packet to the client's port that is none.
        case malformed
        case otherVLAN
    }

    /// The next packet to the client's port, or `nil`; also when the interface went down, which its carrier says too.
    borrowing func receive() -> Arrival? {
        guard let packet = try? packets.receive() else { return nil }
        guard !packet.isFromVLAN else { return .otherVLAN }
        guard
            let datagram = try? UDPPacket(
                parsing: packet.bytes[...], checksumIsVouchedFor: packet.checksumIsVouchedFor),
            let message = try? DHCPMessage(parsing: datagram.payload[...])
        else { return .malformed }
        return .message(message)
    }

    /// The next sound of another machine, or `nil`.
    borrowing func hear() -> NeighbourSocket.Sound? { try? neighbours.receive() }

    /// Hears from now on only who contests this address; with `nil` everybody again.
    mutating func watch(_ address: IPv4Address?) throws(SystemError) {
        guard address != watched else { return }
        try neighbours.listen(for: address)
        watched = address
    }

    // MARK: Out

    borrowing func send(_ packet: ARPPacket) throws(SystemError) {
        try neighbours.broadcast(packet.encoded)
    }

    /// Sends a message; one to a server that cannot be reached that way goes to everybody.
    /// - Returns: what failed.
    mutating func send(_ message: DHCPMessage, _ way: DHCPMachine.Way) -> SystemError? {
        var failure: SystemError?
        do throws(SystemError) {
            switch way {
            case .broadcast(let source): try broadcast(message, from: source)
            case .unicast(let source, let server):
                do throws(SystemError) {
                    try unicast(message, from: source, to: server)
                } catch {
                    failure = error
                    try broadcast(message, from: source)
                }
            }
        } catch {
            failure = error
        }
        return failure
    }

    private borrowing func broadcast(
        _ message: DHCPMessage, from source: IPv4Address
    ) throws(SystemError) {
        let packet = UDPPacket(
            from: source, port: 68, to: .broadcast, port: 67, payload: message.encoded)
        try packets.send(packet.encoded, to: .broadcast)
    }

    /// The kernel's own UDP finds the way and the hardware address, also through a gateway, and keeps them fresh.
    private mutating func unicast(
        _ message: DHCPMessage, from source: IPv4Address, to server: IPv4Address
    ) throws(SystemError) {
        if sender == nil { sender = try DatagramSender(link, port: 68) }
        try sender?.send(message.encoded, from: source, to: server, port: 67)
    }
}
