import Addresses
import Bytes

/// One ARP packet between Ethernet and IPv4, as it stands behind the Ethernet header. Source: RFC 826, RFC 5227 §1.1.
package struct ARPPacket: Equatable, Sendable {
    package enum Operation: UInt16, Sendable {
        case request = 1
        case reply = 2
    }

    package var operation: Operation
    package var senderHardware: HardwareAddress
    /// 0.0.0.0 in a probe.
    package var sender: IPv4Address
    package var targetHardware: HardwareAddress
    package var target: IPv4Address

    package init(
        _ operation: Operation, from sender: IPv4Address, at senderHardware: HardwareAddress,
        to target: IPv4Address, at targetHardware: HardwareAddress = .none
    ) {
        self.operation = operation
        self.senderHardware = senderHardware
        self.sender = sender
        self.targetHardware = targetHardware
        self.target = target
    }

    /// Asks whether anybody has an address, without saying that the asker wants it: no cache learns anything from it.
    package static func probe(
        for address: IPv4Address, from hardware: HardwareAddress
    ) -> ARPPacket {
        ARPPacket(.request, from: .unspecified, at: hardware, to: address)
    }

    /// Tells everybody who has an address.
    package static func announcement(
        of address: IPv4Address, by hardware: HardwareAddress
    ) -> ARPPacket {
        ARPPacket(.request, from: address, at: hardware, to: address)
    }

    /// Reads one packet; what follows it (Ethernet's padding) is left out. `nil` for everything that is not ARP between Ethernet
    /// and IPv4.
    package init?(parsing bytes: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes)
        guard reader.uint16() == Self.ethernet, reader.uint16() == Self.ipv4,
            reader.byte() == 6, reader.byte() == 4,
            let operation = reader.uint16().flatMap(Operation.init(rawValue:)),
            let senderHardware = reader.bytes(6).flatMap({ HardwareAddress(bytes: $0) }),
            let sender = reader.uint32(),
            let targetHardware = reader.bytes(6).flatMap({ HardwareAddress(bytes: $0) }),
            let target = reader.uint32()
        else { return nil }
        self.init(
            operation, from: .init(rawValue: sender), at: senderHardware,
            to: .init(rawValue: target), at: targetHardware)
    }

    /// 28 bytes.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 28)
        writer.append(Self.ethernet)
        writer.append(Self.ipv4)
        writer.append(UInt8(6))
        writer.append(UInt8(4))
        writer.append(operation.rawValue)
        writer.append(senderHardware.bytes)
        writer.append(sender.bytes)
        writer.append(targetHardware.bytes)
        writer.append(target.bytes)
        return writer.bytes
    }

    private static let ethernet: UInt16 = 1
    private static let ipv4: UInt16 = 0x0800
}
