/// The fields of a DHCP packet that stories ask about.
package struct DHCPPacket: Sendable, Equatable {
    package enum Kind: UInt8, Sendable {
        case discover = 1, offer, request, decline, ack, nak, release, inform
    }

    package let kind: Kind
    package let transaction: UInt32
    /// The client's hardware address, as 52:54:00:….
    package let client: String
    /// The address that the server gives, dotted.
    package let address: String
    /// Option 61, raw.
    package let clientIdentifier: [UInt8]?

    /// Reads an Ethernet frame; `nil` unless it carries DHCP over IPv4.
    package init?(frame: ArraySlice<UInt8>) {
        let frame = Array(frame)
        let ip = 14
        guard frame.count > ip + 20, frame[12] == 0x08, frame[13] == 0x00, frame[ip] >> 4 == 4,
            frame[ip + 9] == 17
        else { return nil }
        let udp = ip + Int(frame[ip] & 0x0F) * 4
        let bootp = udp + 8
        let options = bootp + 240
        guard frame.count > options else { return nil }
        let port = UInt16(frame[udp + 2]) << 8 | UInt16(frame[udp + 3])
        let cookie = Array(frame[(options - 4)..<options])
        guard port == 67 || port == 68, cookie == [99, 130, 83, 99] else { return nil }

        var kind: Kind?
        var identifier: [UInt8]?
        var at = options
        while at + 1 < frame.count, frame[at] != 255 {
            if frame[at] == 0 {
                at += 1
                continue
            }
            let value = (at + 2)..<(at + 2 + Int(frame[at + 1]))
            guard value.upperBound <= frame.count else { break }
            if frame[at] == 53, value.count == 1 { kind = Kind(rawValue: frame[value.lowerBound]) }
            if frame[at] == 61 { identifier = Array(frame[value]) }
            at = value.upperBound
        }
        guard let kind else { return nil }
        self.kind = kind
        clientIdentifier = identifier
        transaction = frame[(bootp + 4)..<(bootp + 8)].reduce(0) { $0 << 8 | UInt32($1) }
        address = frame[(bootp + 16)..<(bootp + 20)].map { "\($0)" }.joined(separator: ".")
        client = frame[(bootp + 28)..<(bootp + 34)].map { hexadecimal($0) }.joined(separator: ":")
    }
}

func hexadecimal(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return byte < 16 ? "0" + text : text
}
