import Addresses
import NetworkCore
import Testing

@Suite struct ARPPacketTests {
    static let own = HardwareAddress(bytes: [2, 0, 0, 0, 0, 1]) ?? .none
    static let other = HardwareAddress(bytes: [2, 0, 0, 0, 0, 9]) ?? .none
    static let address = IPv4Address(192, 0, 2, 5)

    static let probe: [UInt8] = [
        0x00, 0x01,  // hardware: Ethernet
        0x08, 0x00,  // protocol: IPv4
        0x06, 0x04,  // lengths of their addresses
        0x00, 0x01,  // request
        0x02, 0x00, 0x00, 0x00, 0x00, 0x01,  // sender's hardware address
        0x00, 0x00, 0x00, 0x00,  // sender's address: none yet
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // target's hardware address: not known
        0xC0, 0x00, 0x02, 0x05,  // target's address
    ]

    @Test func aProbeIsAsTheStandardHasIt() {
        #expect(ARPPacket.probe(for: Self.address, from: Self.own).encoded == Self.probe)
        let announcement = ARPPacket.announcement(of: Self.address, by: Self.own).encoded
        #expect(announcement[14..<18] == [0xC0, 0x00, 0x02, 0x05])
        #expect(announcement[24..<28] == [0xC0, 0x00, 0x02, 0x05])
    }

    @Test func whatIsWrittenIsReadWithPaddingBehindIt() throws {
        let packet = ARPPacket(
            .reply, from: Self.address, at: Self.own, to: IPv4Address(192, 0, 2, 9),
            at: Self.other)
        let padded = packet.encoded + [UInt8](repeating: 0, count: 18)
        #expect(ARPPacket(parsing: padded[...]) == packet)
    }

    @Test(arguments: 0..<28) func aShorterOneIsNone(count: Int) {
        #expect(ARPPacket(parsing: Self.probe.prefix(count)) == nil)
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7]) func anotherKindIsNone(position: Int) {
        var bytes = Self.probe
        bytes[position] ^= 0x40
        #expect(ARPPacket(parsing: bytes[...]) == nil)
    }
}
