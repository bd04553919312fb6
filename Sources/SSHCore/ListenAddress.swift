import Addresses

/// Where the server listens: `192.0.2.5:22`, `[2001:db8::1]:2222`, `:22` or `22` for every address.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// `nil` stands for every address of this machine, IPv6 and IPv4.
    package let address: IPAddress?
    package let port: UInt16

    package init(address: IPAddress?, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// - Returns: `nil` when the text is no such address; names are never looked up.
    package init?(_ text: String) {
        let port: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.first == ":",
                let inside = IPAddress(text[text.index(after: text.startIndex)..<end])
            else { return nil }
            address = inside.bytes.allSatisfy { $0 == 0 } ? nil : inside
            port = rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            port = text[text.index(after: colon)...]
            if colon == text.startIndex {
                address = nil
            } else {
                guard let inside = IPAddress(text[..<colon]), inside.isVersion4 else { return nil }
                address = inside
            }
        } else {
            address = nil
            port = text[...]
        }
        guard let number = UInt16(port), port.first != "+", number > 0 else { return nil }
        self.port = number
    }

    package var description: String {
        guard let address else { return "[::]:\(port)" }
        return address.isVersion4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }
}
