import Addresses
import Bytes

/// One DHCPv6 message between a client and a server. Source: RFC 8415 §8.
package struct DHCPv6Message: Equatable, Sendable {
    /// Source: RFC 8415 §7.3; the messages of relays are none of ours.
    package enum Kind: UInt8, Sendable {
        case solicit = 1
        case advertise, request, confirm, renew, rebind, reply, release, decline, reconfigure
        case informationRequest
    }

    package struct Option: Equatable, Sendable {
        package let code: UInt16
        package let value: [UInt8]

        package init(_ code: UInt16, _ value: [UInt8]) {
            self.code = code
            self.value = value
        }
    }

    package var kind: Kind
    /// 24 bits.
    package var transaction: UInt32
    /// In the order in which they came.
    package var options: [Option] = []

    package init(_ kind: Kind, transaction: UInt32) {
        self.kind = kind
        self.transaction = transaction & 0xFF_FFFF
    }

    /// Why bytes are no message for us.
    package enum Refusal: Error, Equatable, Sendable {
        case tooShort, unknownKind, brokenOptions
    }

    /// Reads one message.
    /// - Throws: `Refusal`.
    package init(parsing bytes: ArraySlice<UInt8>) throws(Refusal) {
        var reader = ByteReader(bytes)
        guard let head = reader.uint32() else { throw .tooShort }
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: head >> 24)) else {
            throw .unknownKind
        }
        self.init(kind, transaction: head)
        guard let options = Self.options(in: reader.remainder()) else { throw .brokenOptions }
        self.options = options
    }

    /// The options in a run of bytes, which may be the value of another one; `nil` when one is cut off.
    static func options(in bytes: ArraySlice<UInt8>) -> [Option]? {
        var reader = ByteReader(bytes)
        var options: [Option] = []
        while reader.remaining > 0 {
            guard let code = reader.uint16(), let length = reader.uint16(),
                let value = reader.bytes(Int(length))
            else { return nil }
            options.append(Option(code, Array(value)))
        }
        return options
    }

    /// The message as a UDP payload.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.append(UInt32(kind.rawValue) << 24 | transaction)
        writer.append(Self.encoded(options))
        return writer.bytes
    }

    static func encoded(_ options: [Option]) -> [UInt8] {
        var writer = ByteWriter()
        for option in options {
            writer.append(option.code)
            writer.append(UInt16(truncatingIfNeeded: option.value.count))
            writer.append(option.value)
        }
        return writer.bytes
    }

    /// The value of the first option with this code.
    package subscript(code: UInt16) -> [UInt8]? { options.first { $0.code == code }?.value }
}

/// The option codes that davit sends or reads. Source: RFC 8415 §21 and the RFC named at each.
package enum DHCPv6OptionCode {
    package static let clientIdentifier: UInt16 = 1
    package static let serverIdentifier: UInt16 = 2
    package static let addresses: UInt16 = 3
    package static let address: UInt16 = 5
    package static let optionRequest: UInt16 = 6
    package static let preference: UInt16 = 7
    package static let elapsedTime: UInt16 = 8
    package static let status: UInt16 = 13
    package static let rapidCommit: UInt16 = 14
    /// RFC 3646.
    package static let nameServers: UInt16 = 23
    package static let search: UInt16 = 24
    package static let refreshTime: UInt16 = 32
    /// Both must be asked for (RFC 8415 §18.2.1); davit's own gaps are shorter, and have to be.
    package static let solicitMaximum: UInt16 = 82
    package static let informationMaximum: UInt16 = 83
}
