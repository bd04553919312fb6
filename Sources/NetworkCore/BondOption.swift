/// One option of a bond, such as `mode=active-backup`. Source: Documentation/networking/bonding.rst.
package struct BondOption: Equatable, Sendable {
    package enum Name: String, Sendable {
        case mode, miimon, updelay, downdelay
        case lacpRate = "lacp_rate"
        case hashPolicy = "xmit_hash_policy"
        case failOverMAC = "fail_over_mac"
        case selection = "ad_select"
        case primary
    }

    package enum Value: Equatable, Sendable {
        case number(UInt32)
        case interface(String)
    }

    package let name: Name
    package let value: Value

    /// `NAME=VALUE`, the value by its number or its name; `nil` for what no bond has.
    package init?(parsing text: some StringProtocol) {
        guard let equals = text.firstIndex(of: "="),
            let name = Name(rawValue: String(text[..<equals]))
        else { return nil }
        let word = String(text[text.index(after: equals)...])
        self.name = name
        if name == .primary {
            guard InterfaceName.isValid(word) else { return nil }
            value = .interface(word)
            return
        }
        let words = Self.words(of: name)
        guard let number = words.firstIndex(of: word).map({ UInt32($0) }) ?? UInt32(word),
            words.isEmpty ? number <= 3_600_000 : number < words.count
        else { return nil }
        value = .number(number)
    }

    /// The words for 0, 1, 2 and so on; none where the value is a number of milliseconds.
    private static func words(of name: Name) -> [String] {
        switch name {
        case .mode:
            [
                "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb",
                "balance-alb",
            ]
        case .lacpRate: ["slow", "fast"]
        case .hashPolicy:
            ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"]
        case .failOverMAC: ["none", "active", "follow"]
        case .selection: ["stable", "bandwidth", "count"]
        case .miimon, .updelay, .downdelay, .primary: []
        }
    }
}
