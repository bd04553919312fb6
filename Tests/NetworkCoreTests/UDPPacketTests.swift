import Addresses
import NetworkCore
import Testing

@Suite struct UDPPacketTests {
    /// From 192.0.2.1 port 67 to 192.0.2.5 port 68, three bytes. The checksums were computed by another program.
    static let packet: [UInt8] = [
        0x45,  // IPv4, header of 5 words
        0x10,  // type of service
        0x00, 0x1F,  // total length 31
        0x00, 0x00,  // identification
        0x40, 0x00,  // do not fragment, offset 0
        0x40,  // time to live 64
        0x11,  // UDP
        0xB6, 0xB7,  // header checksum
        192, 0, 2, 1,  // source
        192, 0, 2, 5,  // destination
        0x00, 0x43,  // source port 67
        0x00, 0x44,  // destination port 68
        0x00, 0x0B,  // length 11
        0xB6, 0xE7,  // checksum
        0x61, 0x62, 0x63,  // abc
    ]
    static let datagram = UDPPacket(
        from: IPv4Address(192, 0, 2, 1), port: 67, to: IPv4Address(192, 0, 2, 5), port: 68,
        payload: Array("abc".utf8))

    @Test func isWrittenByteForByte() {
        #expect(Self.datagram.encoded == Self.packet)
    }

    @Test func isReadWithEthernetsPaddingBehindIt() throws {
        let padded = Self.packet + [UInt8](repeating: 0xEE, count: 15)
        #expect(try UDPPacket(parsing: padded[...], checksumIsVouchedFor: false) == Self.datagram)
    }

    @Test func aLengthThatIsOddIsSummedToo() throws {
        var wrong = Self.packet
        wrong[30] = 0x64
        #expect(throws: UDPPacket.Refusal.badChecksum) {
            try UDPPacket(parsing: wrong[...], checksumIsVouchedFor: false)
        }
    }

    @Test func anUnfinishedChecksumOfAVirtualLinkIsAcceptedWhenTheKernelVouches() throws {
        var unfinished = Self.packet
        unfinished[26] = 0x12
        #expect(
            try UDPPacket(parsing: unfinished[...], checksumIsVouchedFor: true) == Self.datagram)
    }

    @Test func noChecksumIsAccepted() throws {
        var without = Self.packet
        without.replaceSubrange(26...27, with: [0, 0])
        #expect(try UDPPacket(parsing: without[...], checksumIsVouchedFor: false) == Self.datagram)
    }

    @Test(
        arguments: [
            ([0: 0x65], UDPPacket.Refusal.notIPv4), ([0: 0x44], .notIPv4), ([0: 0x4F], .tooShort),
            ([6: 0x20], .fragment), ([7: 0x01], .fragment), ([9: 0x06], .notUDP),
            ([8: 0x3F], .badHeaderChecksum), ([26: 0x01], .badChecksum),
        ] as [([Int: UInt8], UDPPacket.Refusal)])
    func refusesByName(changes: [Int: UInt8], refusal: UDPPacket.Refusal) {
        var packet = Self.packet
        for (position, byte) in changes { packet[position] = byte }
        #expect(throws: refusal) {
            try UDPPacket(parsing: packet[...], checksumIsVouchedFor: false)
        }
    }

    @Test(arguments: 0..<31) func refusesEveryCut(length: Int) {
        #expect(throws: UDPPacket.Refusal.self) {
            try UDPPacket(parsing: Self.packet.prefix(length), checksumIsVouchedFor: true)
        }
    }
}
