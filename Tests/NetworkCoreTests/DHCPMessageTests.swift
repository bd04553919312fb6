import Addresses
import Bytes
import NetworkCore
import Testing

@Suite struct DHCPMessageTests {
    static let mac = HardwareAddress(bytes: [0x52, 0x54, 0x00, 0x12, 0x34, 0x56])

    /// The fixed part of an answer, up to the cookie; `file` and `sname` as given.
    static func head(serverName: [UInt8] = [], file: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = [
            0x02,  // op: BOOTREPLY
            0x01,  // htype: Ethernet
            0x06,  // hlen
            0x00,  // hops
            0xDE, 0xAD, 0xBE, 0xEF,  // xid
            0x00, 0x07,  // secs
            0x80, 0x00,  // flags: broadcast
            0, 0, 0, 0,  // ciaddr
            192, 0, 2, 5,  // yiaddr
            192, 0, 2, 2,  // siaddr
            192, 0, 2, 3,  // giaddr
            0x52, 0x54, 0x00, 0x12, 0x34, 0x56,  // chaddr
        ]
        bytes += [UInt8](repeating: 0, count: 10)  // chaddr's padding
        bytes += serverName + [UInt8](repeating: 0, count: 64 - serverName.count)
        bytes += file + [UInt8](repeating: 0, count: 128 - file.count)
        return bytes + [0x63, 0x82, 0x53, 0x63]  // cookie
    }

    @Test func aDiscoverIsWrittenByteForByte() throws {
        let mac = try #require(Self.mac)
        var message = DHCPMessage(.discover, transaction: 0x0102_0304, from: mac)
        message.seconds = 9
        message.wantsBroadcast = true
        message.options[61] = [1, 0x52, 0x54, 0, 0x12, 0x34, 0x56]
        message.options[55] = [1, 3]
        var expected: [UInt8] = [
            0x01, 0x01, 0x06, 0x00,  // BOOTREQUEST, Ethernet, 6 bytes, no hops
            0x01, 0x02, 0x03, 0x04,  // xid
            0x00, 0x09,  // secs
            0x80, 0x00,  // flags: broadcast
        ]
        expected += [UInt8](repeating: 0, count: 16)  // ciaddr, yiaddr, siaddr, giaddr
        expected += [0x52, 0x54, 0x00, 0x12, 0x34, 0x56]  // chaddr
        expected += [UInt8](repeating: 0, count: 10 + 64 + 128)  // padding, sname, file
        expected += [
            0x63, 0x82, 0x53, 0x63,  // cookie
            53, 1, 1,  // DHCPDISCOVER
            55, 2, 1, 3,  // parameter request list
            61, 7, 1, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56,  // client identifier
            255,  // end
        ]
        expected += [UInt8](repeating: 0, count: 300 - expected.count)
        #expect(message.encoded == expected)
        #expect(try DHCPMessage(parsing: expected[...]) == message)
    }

    @Test func anAnswerIsReadFieldByField() throws {
        let bytes = Self.head() + [53, 1, 2, 54, 4, 192, 0, 2, 1, 255]
        let message = try DHCPMessage(parsing: bytes[...])
        #expect(message.kind == .offer)
        #expect(message.isReply)
        #expect(message.transaction == 0xDEAD_BEEF)
        #expect(message.seconds == 7)
        #expect(message.wantsBroadcast)
        #expect(message.yourAddress == IPv4Address(192, 0, 2, 5))
        #expect(message.nextServer == IPv4Address(192, 0, 2, 2))
        #expect(message.relay == IPv4Address(192, 0, 2, 3))
        #expect(message.hardwareAddress == Self.mac)
        #expect(message.serverIdentifier == IPv4Address(192, 0, 2, 1))
    }

    @Test func optionsGoOnInFileAndServerName() throws {
        let bytes =
            Self.head(serverName: [6, 4, 3, 3, 3, 3, 255], file: [6, 4, 2, 2, 2, 2, 255])
            + [52, 1, 3, 53, 1, 5, 6, 4, 1, 1, 1, 1, 255]
        let message = try DHCPMessage(parsing: bytes[...])
        // Joined in the order options, file, sname (RFC 3396 §7).
        #expect(message.options[6] == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3])
        #expect(message.options[52] == nil && message.options[53] == nil, "of the wire's form")
    }

    @Test(arguments: [(1, [2]), (2, [3]), (0, []), (4, [])] as [(UInt8, [UInt8])])
    func onlyTheOverloadedFieldsAreRead(overload: UInt8, expected: [UInt8]) throws {
        let bytes =
            Self.head(serverName: [200, 1, 3, 255], file: [200, 1, 2, 255])
            + [53, 1, 5, 52, 1, overload, 255]
        let value = try DHCPMessage(parsing: bytes[...]).options[200]
        #expect((value ?? []) == expected)
    }

    @Test func anOverloadWithinAnOverloadMeansNothing() throws {
        let bytes =
            Self.head(serverName: [200, 1, 9, 255], file: [52, 1, 3, 255])
            + [53, 1, 5, 52, 1, 1, 255]
        #expect(try DHCPMessage(parsing: bytes[...]).options[200] == nil)
    }

    @Test func anOverloadOfAnotherLengthMeansNothing() throws {
        let bytes =
            Self.head(serverName: [200, 1, 9, 255], file: [200, 1, 8, 255])
            + [53, 1, 5, 52, 2, 3, 3, 255]
        #expect(try DHCPMessage(parsing: bytes[...]).options[200] == nil)
    }

    @Test func onlyTheFirstFlagAsksForABroadcast() throws {
        var bytes = Self.head() + [53, 1, 2, 255]
        bytes.replaceSubrange(10...11, with: [0x7F, 0xFF])
        #expect(try !DHCPMessage(parsing: bytes[...]).wantsBroadcast)
    }

    @Test func aLongOptionIsSplitAndJoined() throws {
        var options = DHCPOptions()
        options[121] = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
        var writer = ByteWriter()
        options.write(to: &writer)
        #expect(writer.bytes.count == 600 + 3 * 2 + 1)
        #expect(writer.bytes[1] == 255 && writer.bytes[257 + 1] == 255, "as long as they can be")
        #expect(DHCPOptions(parsing: writer.bytes[...], file: [], serverName: []) == options)
    }

    @Test(
        arguments: [
            ([53, 1, 5, 0, 0, 12, 1, 97, 255, 12, 1, 98], [97]),  // padding; end
            ([53, 1, 5, 0, 12, 1, 97, 255], [97]),  // one byte of padding
            ([53, 1, 5, 12, 1, 97], [97]),  // no end
            ([53, 1, 5, 12, 9, 97], []),  // cut off by the end of the packet
            ([53, 1, 5, 12], []),  // without a length
            ([53, 1, 5, 12, 0, 12, 1, 97], [97]),  // of no length
        ] as [([UInt8], [UInt8])])
    func brokenOptionsAreLeftOutAndTheRestCounts(tail: [UInt8], name: [UInt8]) throws {
        let message = try DHCPMessage(parsing: (Self.head() + tail)[...])
        #expect((message.options[12] ?? []) == name)
    }

    @Test(
        arguments: [
            ([0: 3], DHCPMessage.Refusal.unknownOperation), ([1: 6], .notEthernet),
            ([2: 16], .notEthernet), ([236: 0], .noCookie), ([242: 9], .noMessageType),
            ([241: 2], .noMessageType), ([240: 54], .noMessageType),
        ] as [([Int: UInt8], DHCPMessage.Refusal)])
    func refusesByName(changes: [Int: UInt8], refusal: DHCPMessage.Refusal) {
        var bytes = Self.head() + [53, 1, 2, 255]
        for (position, byte) in changes { bytes[position] = byte }
        #expect(throws: refusal) { try DHCPMessage(parsing: bytes[...]) }
    }

    @Test func refusesWhatIsTooShort() {
        for length in 0..<240 {
            #expect(throws: DHCPMessage.Refusal.tooShort) {
                try DHCPMessage(parsing: Self.head().prefix(length))
            }
        }
    }

    @Test(arguments: [3, 5]) func aNumberOfAnotherLengthIsNone(length: UInt8) throws {
        let tail = [53, 1, 2, 51, length] + [UInt8](repeating: 1, count: Int(length)) + [255]
        let message = try DHCPMessage(parsing: (Self.head() + tail)[...])
        #expect(message.options.uint32(51) == nil)
        #expect(message.options.address(51) == nil)
    }

    @Test func textIsMadeHarmless() throws {
        let tail: [UInt8] = [53, 1, 6, 56, 9] + Array("no\u{1B}[2J\u{7F}".utf8) + [0, 0, 255]
        let message = try DHCPMessage(parsing: (Self.head() + tail)[...])
        #expect(message.options.text(56) == "no?[2J?")
    }
}
