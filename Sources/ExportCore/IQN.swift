/// The name of an iSCSI target or initiator. Source: RFC 3720 §3.2.6, RFC 3721 §1.1; at most 223 bytes.
package struct IQN: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Takes a name as a person gives it; upper case is folded, as iSCSI compares names without regard to it.
    /// - Throws: `Refusal.noIQN`.
    package init(_ text: String) throws(Refusal) {
        let folded = text.lowercased()
        guard folded.utf8.count <= 223, Self.isQualified(folded) || Self.isNumbered(folded) else {
            throw .noIQN(text)
        }
        description = folded
    }

    /// The target of an export on this host: the same on every run.
    package init(export name: ExportName, host: String) {
        // What the kernel calls a host that nobody has named.
        let host = host == "(none)" ? "" : host
        let label = String(
            host.lowercased().map { Self.isLabelCharacter($0) ? $0 : "-" }.prefix(64))
        description = Self.prefix + (label.isEmpty ? "host" : label) + Self.mark + name.description
    }

    /// The export that this target belongs to, or `nil` when davit did not make it.
    package var export: ExportName? {
        guard description.hasPrefix(Self.prefix), let mark = description.range(ofLast: Self.mark)
        else { return nil }
        return try? ExportName(String(description[mark.upperBound...]))
    }

    /// What the Linux target's own tools name targets after; there is no naming authority for davit's.
    private static let prefix = "iqn.2003-01.org.linux-iscsi."
    private static let mark = ".davit:"

    /// `iqn.YYYY-MM.reversed.domain` with an optional `:anything`.
    private static func isQualified(_ text: String) -> Bool {
        guard text.hasPrefix("iqn.") else { return false }
        let rest = text.dropFirst(4)
        let date = rest.prefix(8)
        let digits = Array(date.utf8)
        guard digits.count == 8, digits[4] == UInt8(ascii: "-"), digits[7] == UInt8(ascii: "."),
            (digits[..<4] + digits[5..<7]).allSatisfy({ (48...57).contains($0) }),
            (1...12).contains(Int(date.dropFirst(5).prefix(2)) ?? 0)
        else { return false }
        let domain = rest.dropFirst(8).prefix { $0 != ":" }
        return !domain.isEmpty && rest.dropFirst(8).allSatisfy { isLabelCharacter($0) || $0 == ":" }
    }

    /// `eui.` and 16, or `naa.` and 16 or 32 hexadecimal digits.
    private static func isNumbered(_ text: String) -> Bool {
        let digits = text.dropFirst(4)
        let lengths = text.hasPrefix("eui.") ? [16] : text.hasPrefix("naa.") ? [16, 32] : []
        return lengths.contains(digits.count) && digits.allSatisfy { $0.isHexDigit && $0.isASCII }
    }

    private static func isLabelCharacter(_ character: Character) -> Bool {
        guard character.isASCII else { return false }
        return character.isLowercase || character.isNumber || character == "-" || character == "."
    }
}

extension String {
    /// The last occurrence of `part`.
    func range(ofLast part: String) -> Range<Index>? {
        guard !part.isEmpty, count >= part.count else { return nil }
        var start = index(endIndex, offsetBy: -part.count)
        while true {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            guard start > startIndex else { return nil }
            start = index(before: start)
        }
    }
}
