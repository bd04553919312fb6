import Addresses
import Bytes

/// One DHCP message. Source: RFC 2131 §2, figure 1.
package struct DHCPMessage: Equatable, Sendable {
    /// Option 53. Source: RFC 2132 §9.6.
    package enum Kind: UInt8, Sendable {
        case discover = 1
        case offer, request, decline, ack, nak, release, inform
    }

    package var kind: Kind
    package var isReply: Bool
    package var transaction: UInt32
    /// Seconds since the client began to look for an address.
    package var seconds: UInt16 = 0
    /// The client asks for answers by broadcast.
    package var wantsBroadcast = false
    package var clientAddress = IPv4Address.unspecified
    package var yourAddress = IPv4Address.unspecified
    package var nextServer = IPv4Address.unspecified
    package var relay = IPv4Address.unspecified
    package var hardwareAddress: HardwareAddress
    /// All options but the message type.
    package var options = DHCPOptions()

    /// A message of a client.
    package init(_ kind: Kind, transaction: UInt32, from hardwareAddress: HardwareAddress) {
        self.kind = kind
        isReply = false
        self.transaction = transaction
        self.hardwareAddress = hardwareAddress
    }

    /// Why bytes are no DHCP message.
    package enum Refusal: Error, Equatable, Sendable {
        case tooShort, unknownOperation, notEthernet, noCookie, noMessageType
    }

    /// Reads one message.
    /// - Throws: `Refusal`.
    package init(parsing bytes: ArraySlice<UInt8>) throws(Refusal) {
        var reader = ByteReader(bytes)
        guard let operation = reader.byte(), let hardwareType = reader.byte(),
            let hardwareLength = reader.byte(), reader.byte() != nil,
            let transaction = reader.uint32(), let seconds = reader.uint16(),
            let flags = reader.uint16(), let client = reader.uint32(), let your = reader.uint32(),
            let next = reader.uint32(), let relay = reader.uint32(),
            let hardware = reader.bytes(16), let serverName = reader.bytes(64),
            let file = reader.bytes(128), let cookie = reader.uint32()
        else { throw .tooShort }
        guard operation == Self.bootRequest || operation == Self.bootReply else {
            throw .unknownOperation
        }
        guard hardwareType == Self.ethernet, hardwareLength == 6,
            let hardwareAddress = HardwareAddress(bytes: hardware.prefix(6))
        else { throw .notEthernet }
        guard cookie == Self.magicCookie else { throw .noCookie }
        options = DHCPOptions(parsing: reader.remainder(), file: file, serverName: serverName)
        let type = options[DHCPOptionCode.messageType]
        guard let type, type.count == 1, let code = type.first, let kind = Kind(rawValue: code)
        else { throw .noMessageType }
        options[DHCPOptionCode.messageType] = nil
        options[DHCPOptionCode.overload] = nil

        self.kind = kind
        isReply = operation == Self.bootReply
        self.transaction = transaction
        self.seconds = seconds
        wantsBroadcast = flags & Self.broadcastFlag != 0
        clientAddress = .init(rawValue: client)
        yourAddress = .init(rawValue: your)
        nextServer = .init(rawValue: next)
        self.relay = .init(rawValue: relay)
        self.hardwareAddress = hardwareAddress
    }

    /// The message as a UDP payload, at least 300 bytes: BOOTP relays drop shorter ones (RFC 1542 §2.1).
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 320)
        writer.append(isReply ? Self.bootReply : Self.bootRequest)
        writer.append(Self.ethernet)
        writer.append(UInt8(6))
        writer.append(UInt8(0))
        writer.append(transaction)
        writer.append(seconds)
        writer.append(wantsBroadcast ? Self.broadcastFlag : 0)
        for address in [clientAddress, yourAddress, nextServer, relay] {
            writer.append(address.bytes)
        }
        writer.append(hardwareAddress.bytes)
        writer.appendZeros(10 + 64 + 128)
        writer.append(Self.magicCookie)
        var options = options
        options[DHCPOptionCode.messageType] = [kind.rawValue]
        options.write(to: &writer)
        writer.pad(to: 300)
        return writer.bytes
    }

    package var serverIdentifier: IPv4Address? {
        options.address(DHCPOptionCode.serverIdentifier)
    }

    private static let bootRequest: UInt8 = 1
    private static let bootReply: UInt8 = 2
    private static let ethernet: UInt8 = 1
    private static let broadcastFlag: UInt16 = 0x8000
    private static let magicCookie: UInt32 = 0x6382_5363
}
