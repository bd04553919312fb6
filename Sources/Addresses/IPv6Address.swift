/// An IPv6 address.
package struct IPv6Address: Hashable, Sendable {
    /// Sixteen bytes in network byte order.
    package let bytes: [UInt8]

    /// `nil` unless there are exactly sixteen bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    private init(_ front: [UInt8], _ back: [UInt8]) {
        bytes = front + Array(repeating: 0, count: 16 - front.count - back.count) + back
    }

    /// ff02::1:2, all DHCPv6 servers and relays on this link. Source: RFC 8415 §7.1.
    package static let allDHCPServers = IPv6Address([0xFF, 2], [1, 0, 2])
    /// ff02::fb. Source: RFC 6762 §3.
    package static let multicastDNS = IPv6Address([0xFF, 2], [0xFB])

    /// fe80::/10: valid on one link only.
    package var isLinkLocal: Bool { bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 }

    /// Whether one machine may have it: not unspecified, loopback or multicast.
    package var isHost: Bool { bytes[0] != 0xFF && !(bytes.dropLast().allSatisfy { $0 == 0 }) }
}

extension IPv6Address: CustomStringConvertible {
    /// The canonical text. Source: RFC 5952 §4.
    package var description: String {
        let groups = (0..<8).map { UInt16(bytes[$0 * 2]) << 8 | UInt16(bytes[$0 * 2 + 1]) }
        // The first of the longest runs of two zeros or more is the one that is left out.
        var gap = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(1, gap.count) { gap = start..<end }
            start = end + 1
        }
        var text = ""
        for (place, group) in groups.enumerated() where !gap.contains(place) {
            if place > 0, place != gap.upperBound || gap.isEmpty { text += ":" }
            text += String(group, radix: 16)
            if place + 1 == gap.lowerBound, !gap.isEmpty { text += "::" }
        }
        return !gap.isEmpty && gap.lowerBound == 0 ? "::" + text : text
    }
}
