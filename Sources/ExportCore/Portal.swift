import Addresses

/// Where a target listens: an address of this host and a TCP port.
package struct Portal: Hashable, Sendable, CustomStringConvertible {
    /// As the kernel writes it: `192.0.2.5`, or `2001:db8::5` without brackets.
    package let address: String
    package let port: UInt16

    /// The port that iSCSI targets have. Source: RFC 7143 §15.
    package static let standardPort: UInt16 = 3260

    package init(address: String, port: UInt16 = standardPort) {
        self.address = address
        self.port = port
    }

    /// Reads `192.0.2.5`, `192.0.2.5:3260`, `2001:db8::5`, `[2001:db8::5]` or `[2001:db8::5]:3260`.
    /// - Throws: `Refusal.badPortal`.
    package init(_ text: String) throws(Refusal) {
        let (address, port) = Self.parts(text)
        guard let address, let port, port > 0 else { throw .badPortal(text) }
        self.init(address: address, port: port)
    }

    package var isIPv6: Bool { address.utf8.contains(UInt8(ascii: ":")) }
    /// `0.0.0.0` and `::` stand for every address of the host.
    package var isEverywhere: Bool { address == "0.0.0.0" || address == "::" }

    /// Whether only this host itself reaches it.
    package var isLoopback: Bool { address.hasPrefix("127.") || address == "::1" }

    /// Where this host itself reaches it on its loopback; `nil` where it does not.
    package var onLoopback: Portal? {
        switch address {
        case "0.0.0.0": Portal(address: "127.0.0.1", port: port)
        case "::": Portal(address: "::1", port: port)
        default: isLoopback ? self : nil
        }
    }

    /// As configfs and iscsiadm name it: `192.0.2.5:3260`, `[2001:db8::5]:3260`.
    package var description: String { isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }

    private static func parts(_ text: String) -> (address: String?, port: UInt16?) {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return (nil, nil) }
            let rest = text[text.index(after: end)...]
            let port =
                rest.isEmpty ? standardPort : rest.hasPrefix(":") ? decimal(rest.dropFirst()) : nil
            return (sixth(text[text.index(after: text.startIndex)..<end]), port)
        }
        if text.utf8.count(where: { $0 == UInt8(ascii: ":") }) > 1 {
            return (sixth(text[...]), standardPort)
        }
        guard let colon = text.firstIndex(of: ":") else { return (fourth(text[...]), standardPort) }
        return (fourth(text[..<colon]), decimal(text[text.index(after: colon)...]))
    }

    private static func decimal(_ text: Substring) -> UInt16? {
        text.utf8.allSatisfy { (48...57).contains($0) } ? UInt16(text) : nil
    }

    private static func fourth(_ text: Substring) -> String? {
        IPv4Address(parsing: text)?.description
    }

    /// Addresses with a scope (`%eth0`) are left out, for the kernel's target drops the scope.
    private static func sixth(_ text: Substring) -> String? {
        guard let address = IPAddress(text), !address.isVersion4 else { return nil }
        return address.description
    }
}
