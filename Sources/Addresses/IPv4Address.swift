/// An IPv4 address.
package struct IPv4Address: Hashable, Sendable {
    /// The address as a number, the first of its four bytes being the most significant.
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// The address in exactly four bytes in network byte order; `nil` for any other number of bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 else { return nil }
        rawValue = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Dotted decimal with four parts; `nil` for everything else, leading zeros included.
    package init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in
            UInt8(part).flatMap { String($0) == part ? $0 : nil }
        }
        guard bytes.count == parts.count else { return nil }
        self.init(bytes: bytes)
    }

    /// 0.0.0.0, this host while it has no address.
    package static let unspecified = IPv4Address(rawValue: 0)
    /// 255.255.255.255, everybody on this link.
    package static let broadcast = IPv4Address(rawValue: .max)

    /// Whether it is of 169.254/16, which every link has for itself. Source: RFC 3927.
    package var isLinkLocal: Bool { rawValue >> 16 == 0xA9FE }

    /// Four bytes in network byte order.
    package var bytes: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: rawValue >> $0) }
    }

    /// Whether one machine may have it: not 0/8, not loopback, not multicast, not reserved, not broadcast.
    package var isHost: Bool {
        let first = rawValue >> 24
        return first != 0 && first != 127 && first < 224
    }
}

extension IPv4Address: CustomStringConvertible {
    package var description: String { bytes.map(String.init).joined(separator: ".") }
}
