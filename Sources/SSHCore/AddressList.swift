import Addresses

/// The value of `from=`: addresses, networks and patterns, the ones after `!` excluded. Source: sshd(8).
///
/// Names of hosts are never looked up, so an entry that is one matches nobody. Among the allowed that refuses; among the
/// excluded it would let in, so that a list with such an entry is not to be used (`excludesNames`).
package struct AddressList: Sendable, Equatable {
    private enum Entry: Sendable, Equatable {
        case network(IPAddress, bits: Int)
        case pattern(String)
    }

    private var allowed: [Entry] = []
    private var excluded: [Entry] = []

    /// - Returns: `nil` when an entry has a slash and is no network.
    init?(_ text: String) {
        for item in text.split(separator: ",") {
            let isExcluded = item.hasPrefix("!")
            guard let entry = Self.entry(isExcluded ? item.dropFirst() : item) else { return nil }
            if isExcluded { excluded.append(entry) } else { allowed.append(entry) }
        }
        if allowed.isEmpty && excluded.isEmpty { return nil }
    }

    /// Whether a pattern that no address can match is among the excluded ones.
    package var excludesNames: Bool {
        excluded.contains { entry in
            guard case .pattern(let pattern) = entry else { return false }
            return !pattern.utf8.allSatisfy { Self.ofAddresses.contains($0) }
        }
    }

    /// What addresses, and patterns of them, are written with.
    private static let ofAddresses = Array("0123456789abcdef:.*?".utf8)

    package func permits(_ address: IPAddress) -> Bool {
        let matches = { (entry: Entry) in
            switch entry {
            case .network(let network, let bits): address.isWithin(network, bits: bits)
            case .pattern(let pattern): Pattern.matches(address.description, pattern)
            }
        }
        return allowed.contains(where: matches) && !excluded.contains(where: matches)
    }

    private static func entry(_ text: Substring) -> Entry? {
        guard let slash = text.firstIndex(of: "/") else {
            if let address = IPAddress(text) {
                return .network(address, bits: address.bytes.count * 8)
            }
            return text.isEmpty ? nil : .pattern(text.lowercased())
        }
        let size = text[text.index(after: slash)...]
        guard let network = IPAddress(text[..<slash]), let bits = Int(size), size.first != "+",
            (0...network.bytes.count * 8).contains(bits)
        else { return nil }
        return .network(network, bits: bits)
    }
}
