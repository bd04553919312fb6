import Addresses
import Bytes

/// What a server says in an Advertise or a Reply: checked and bounded.
package struct DHCPv6Answer: Equatable, Sendable {
    /// Source: RFC 8415 §21.13.
    package enum Status: UInt16, Sendable {
        case success = 0
        case unspecifiedFailure, noAddresses, noBinding, notOnLink, useMulticast
    }

    /// An address with its lifetimes in seconds; UInt32.max: for ever.
    package struct Address: Equatable, Sendable {
        package let address: IPv6Address
        package let preferred: UInt32
        package let valid: UInt32
    }

    /// The server's DUID.
    package let server: [UInt8]
    package let preference: UInt8
    /// Of the whole message, or where that is good, of our addresses.
    package let status: Status
    package let isRapid: Bool
    /// The first address of ours that may be used.
    package let address: Address?
    /// T1 and T2; `nil`: the client chooses.
    package let renewAfter: UInt32?
    package let rebindAfter: UInt32?
    package let nameServers: [IPv6Address]
    package let search: [String]
    /// Seconds until the information is to be asked for anew. Source: RFC 8415 §21.23, default and least value.
    package let refreshAfter: UInt32

    /// - Parameter identity: the IAID that our addresses go under.
    /// - Returns: `nil` where the server does not name itself, or names an identity and breaks off in it.
    package init?(parsing message: DHCPv6Message, identity: UInt32) {
        guard let server = message[DHCPv6OptionCode.serverIdentifier],
            (1...130).contains(server.count)
        else { return nil }
        self.server = server
        preference = message[DHCPv6OptionCode.preference].flatMap(\.first) ?? 0
        isRapid = message[DHCPv6OptionCode.rapidCommit] != nil
        nameServers = Self.addresses(message[DHCPv6OptionCode.nameServers] ?? [])
        search = DomainName.list(parsing: message[DHCPv6OptionCode.search] ?? [], atMost: 8)
        var refresh = ByteReader(message[DHCPv6OptionCode.refreshTime] ?? [])
        refreshAfter = max(600, refresh.uint32() ?? 86400)

        var status = Self.status(message.options)
        var address: Address?
        var times: (UInt32, UInt32) = (0, 0)
        for option in message.options where option.code == DHCPv6OptionCode.addresses {
            var reader = ByteReader(option.value)
            guard let id = reader.uint32(), let renewal = reader.uint32(),
                let rebinding = reader.uint32(),
                let inner = DHCPv6Message.options(in: reader.remainder())
            else { return nil }
            guard id == identity else { continue }
            if status == .success { status = Self.status(inner) }
            address = inner.lazy.compactMap(Self.address).first
            times = (renewal, rebinding)
            break
        }
        self.status = status
        self.address = address
        // Source: RFC 8415 §21.4: T1 above T2 makes both worthless; 0 leaves the choice to the client.
        let areGood = times.1 == 0 || times.0 <= times.1
        renewAfter = areGood && times.0 > 0 ? times.0 : nil
        rebindAfter = areGood && times.1 > 0 ? times.1 : nil
    }

    private static func status(_ options: [DHCPv6Message.Option]) -> Status {
        guard let value = options.first(where: { $0.code == DHCPv6OptionCode.status })?.value
        else { return .success }
        var reader = ByteReader(value)
        return reader.uint16().flatMap(Status.init(rawValue:)) ?? .unspecifiedFailure
    }

    private static func address(_ option: DHCPv6Message.Option) -> Address? {
        guard option.code == DHCPv6OptionCode.address else { return nil }
        var reader = ByteReader(option.value)
        guard let bytes = reader.bytes(16), let address = IPv6Address(bytes: bytes),
            let preferred = reader.uint32(), let valid = reader.uint32(),
            valid > 0, preferred <= valid, address.isHost, !address.isLinkLocal,
            let inner = DHCPv6Message.options(in: reader.remainder()), status(inner) == .success
        else { return nil }
        return Address(address: address, preferred: preferred, valid: valid)
    }

    private static func addresses(_ value: [UInt8]) -> [IPv6Address] {
        var reader = ByteReader(value)
        var found: [IPv6Address] = []
        while found.count < 8, let bytes = reader.bytes(16), let one = IPv6Address(bytes: bytes) {
            if one.isHost { found.append(one) }
        }
        return found
    }
}

/// An address that a server gave, and the moment from which its times count.
package struct HeldDHCPv6: Equatable, Sendable {
    package let answer: DHCPv6Answer
    package let address: DHCPv6Answer.Address
    /// When the message was sent that was answered, as time since boot.
    package let obtainedAt: Duration

    package init?(_ answer: DHCPv6Answer, obtainedAt: Duration) {
        guard let address = answer.address else { return nil }
        self.answer = answer
        self.address = address
        self.obtainedAt = obtainedAt
    }

    package var endsAt: Duration? { at(address.valid) }
    /// Half and four fifths of the preferred lifetime where the server leaves them to us. Source: RFC 8415 §21.4.
    package var renewAt: Duration? { at(answer.renewAfter ?? Self.share(address.preferred, 5)) }
    package var rebindAt: Duration? {
        [at(answer.rebindAfter ?? Self.share(address.preferred, 8)), endsAt]
            .compactMap { $0 }.min()
    }

    package func hasEnded(at now: Duration) -> Bool { endsAt.map { $0 <= now } ?? false }

    private func at(_ seconds: UInt32) -> Duration? {
        seconds == .max ? nil : obtainedAt + .seconds(Int64(seconds))
    }

    private static func share(_ seconds: UInt32, _ tenths: UInt64) -> UInt32 {
        seconds == .max ? .max : UInt32(truncatingIfNeeded: UInt64(seconds) * tenths / 10)
    }
}
