/// What a person calls an export; part of the target's name and of the names of its backstores.
package struct ExportName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: `Refusal.badName` unless it is 1 to 32 of a-z, 0-9 and `-`.
    package init(_ text: String) throws(Refusal) {
        guard (1...32).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else {
            throw .badName(text)
        }
        description = text
    }

    /// The name of an export that was given none: the last part of the first device's path, as far as it can be kept.
    package init(derivedFrom path: String) {
        let last = path.split(separator: "/").last.map(String.init) ?? ""
        let kept = last.lowercased().utf8.map { Self.isAllowed($0) ? $0 : UInt8(ascii: "-") }
        description = kept.isEmpty ? "disks" : String(decoding: kept.prefix(32), as: UTF8.self)
    }

    package static func < (one: ExportName, other: ExportName) -> Bool {
        one.description < other.description
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
    }
}
