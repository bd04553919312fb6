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

    /// What stands in the packet behind the datagram's own end is no part of it.
    @Test func theDatagramsLengthCounts() throws {
        var longer = Self.packet + [0xEE, 0xEE]
        longer[3] += 2
        longer[11] -= 2
        #expect(try UDPPacket(parsing: longer[...], checksumIsVouchedFor: false) == Self.datagram)
        var shorter = Self.packet
        shorter[3] -= 1
        shorter[11] += 1
        #expect(throws: UDPPacket.Refusal.tooShort) {
            try UDPPacket(parsing: shorter[...], checksumIsVouchedFor: false)
        }
    }

    /// A sum of zero would mean that there is none. Source: RFC 768.
    @Test func aChecksumOfZeroIsSentAsOnes() throws {
        var datagram = Self.datagram
        datagram.payload = [0, 0]
        let sum = datagram.encoded[26...27].reduce(0) { $0 << 8 | UInt16($1) }
        datagram.payload = [UInt8(sum >> 8), UInt8(sum & 0xFF)]
        #expect(Array(datagram.encoded[26...27]) == [0xFF, 0xFF])
        #expect(
            try UDPPacket(parsing: datagram.encoded[...], checksumIsVouchedFor: false) == datagram)
    }

    @Test func aCarryIsAddedWhereverItComes() {
        var words = Checksum()
        words.add(0xFFFF as UInt16)
        words.add(0x0002 as UInt16)
        #expect(words.value == ~0x0002)
        var bytes = Checksum()
        bytes.add([0xFF, 0xFF, 0x00, 0x02])
        #expect(bytes.value == ~0x0002)
    }

    @Test(arguments: 0..<31) func refusesEveryCut(length: Int) {
        #expect(throws: UDPPacket.Refusal.self) {
            try UDPPacket(parsing: Self.packet.prefix(length), checksumIsVouchedFor: true)
        }
    }
}
