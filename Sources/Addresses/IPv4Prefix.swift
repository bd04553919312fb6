/// An IPv4 address with the length of its network's prefix, such as 192.0.2.5/24.
package struct IPv4Prefix: Hashable, Sendable {
    package let address: IPv4Address
    /// 0 to 32.
    package let length: Int

    /// A length outside 0 to 32 is taken as the nearest end.
    package init(_ address: IPv4Address, length: Int) {
        self.address = address
        self.length = min(max(length, 0), 32)
    }

    /// An address with a mask such as 255.255.255.0; `nil` when the mask's ones do not stand in one run at its front.
    package init?(_ address: IPv4Address, mask: IPv4Address) {
        let ones = (~mask.rawValue).leadingZeroBitCount
        guard mask.rawValue == Self.mask(ones) else { return nil }
        self.init(address, length: ones)
    }

    /// `192.0.2.5/24`; `nil` for everything else.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Address(parsing: parts[0]),
            let length = UInt8(parts[1]), length <= 32
        else { return nil }
        self.init(address, length: Int(length))
    }

    package var mask: IPv4Address { IPv4Address(rawValue: Self.mask(length)) }

    /// The same prefix with all bits behind it zero.
    package var network: IPv4Prefix {
        IPv4Prefix(.init(rawValue: address.rawValue & mask.rawValue), length: length)
    }

    /// The address that reaches everybody in it; `nil` where there is none (RFC 3021: /31 and /32).
    package var broadcast: IPv4Address? {
        length < 31 ? .init(rawValue: address.rawValue | ~mask.rawValue) : nil
    }

    package func contains(_ other: IPv4Address) -> Bool {
        (other.rawValue ^ address.rawValue) & mask.rawValue == 0
    }

    // A shift by 32 gives zero in Swift, so the length 0 needs no case of its own.
    private static func mask(_ length: Int) -> UInt32 { UInt32.max << (32 - length) }
}

extension IPv4Prefix: CustomStringConvertible {
    package var description: String { "\(address)/\(length)" }
}
