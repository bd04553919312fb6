/// An IPv4 or IPv6 address; an IPv4 address that arrived through an IPv6 socket is an IPv4 address.
package struct IPAddress: Hashable, Sendable {
    /// 4 or 16 bytes in network byte order.
    package let bytes: [UInt8]

    /// - Returns: `nil` unless there are 4 or 16 bytes.
    package init?(bytes: [UInt8]) {
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        if bytes.count == 16, bytes.starts(with: mapped) {
            self.bytes = Array(bytes.suffix(4))
        } else if bytes.count == 4 || bytes.count == 16 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    /// Reads `192.0.2.1`, `2001:db8::1` or `::ffff:192.0.2.1`; no scope, no leading zeros in IPv4.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 45 else { return nil }
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bytes = Self.version6(text) else { return nil }
            self.init(bytes: bytes)
        } else {
            guard let bytes = Self.version4(text) else { return nil }
            self.init(bytes: bytes)
        }
    }

    package var isVersion4: Bool { bytes.count == 4 }

    /// Whether one machine may have it, and others reach it there.
    package var isHost: Bool {
        IPv4Address(bytes: bytes)?.isHost ?? IPv6Address(bytes: bytes)?.isHost ?? false
    }

    /// Who is counted as one: an IPv4 address, or the /64 that every owner of an IPv6 address has all of.
    package var neighbourhood: IPAddress { isVersion4 ? self : truncated(toBytes: 8) }

    /// Who is likely to belong together: a /24 of IPv4, a /48 of IPv6 (what one site is given, RFC 6177).
    package var vicinity: IPAddress { truncated(toBytes: isVersion4 ? 3 : 6) }

    private func truncated(toBytes count: Int) -> IPAddress {
        IPAddress(unmapped: bytes.prefix(count) + [UInt8](repeating: 0, count: bytes.count - count))
    }

    private init(unmapped bytes: [UInt8]) { self.bytes = bytes }

    /// Whether the first `bits` bits are those of `network`; never between IPv4 and IPv6.
    package func isWithin(_ network: IPAddress, bits: Int) -> Bool {
        guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(bits) else {
            return false
        }
        for (index, (mine, its)) in zip(bytes, network.bytes).enumerated() {
            let wanted = min(8, max(0, bits - index * 8))
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> wanted)
            if mine & mask != its & mask { return false }
        }
        return true
    }

    private static func version4(_ text: some StringProtocol) -> [UInt8]? {
        IPv4Address(parsing: text)?.bytes
    }

    private static func version6(_ text: some StringProtocol) -> [UInt8]? {
        var groups: [UInt8] = []
        var gap: Int?
        var rest = Substring(text)
        if rest.hasPrefix("::") {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != ":" }
            rest = rest.dropFirst(group.count)
            if group.contains(".") {
                guard rest.isEmpty, let tail = version4(group) else { return nil }
                groups += tail
                break
            }
            guard (1...4).contains(group.utf8.count), let value = UInt16(group, radix: 16),
                group.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") })
            else { return nil }
            groups += [UInt8(value >> 8), UInt8(value & 0xFF)]
            guard !rest.isEmpty else { break }
            rest = rest.dropFirst()
            if rest.first == ":" {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        guard let gap else { return groups.count == 16 ? groups : nil }
        guard groups.count <= 14 else { return nil }
        let zeros = [UInt8](repeating: 0, count: 16 - groups.count)
        return Array(groups.prefix(gap)) + zeros + Array(groups.dropFirst(gap))
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text. Source: RFC 5952 §4.
    package var description: String {
        if let version4 = IPv4Address(bytes: bytes) { return version4.description }
        return IPv6Address(bytes: bytes)?.description ?? ""
    }
}
