/// Splits a command line into words as a POSIX shell would, as long as that needs no shell.
/// Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting and 2.3 Token Recognition.
package enum ShellWords {
    /// - Returns: `nil` when the line needs a shell: an operator, an expansion, a pattern, an assignment in front, a
    ///   comment, or a quote that does not end.
    package static func split(_ line: String) -> [String]? {
        var words: [[UInt8]] = []
        var word: [UInt8]?
        var rest = Array(line.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"):
                if let ended = word { words.append(ended) }
                word = nil
            case UInt8(ascii: "'"):
                guard let end = rest.firstIndex(of: byte) else { return nil }
                word = (word ?? []) + rest[..<end]
                rest = rest[(end + 1)...]
            case UInt8(ascii: "\""):
                guard let quoted = doubleQuoted(&rest) else { return nil }
                word = (word ?? []) + quoted
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst(), next != UInt8(ascii: "\n") else { return nil }
                word = (word ?? []) + [next]
            case UInt8(ascii: "#") where word == nil, UInt8(ascii: "~") where word == nil:
                return nil
            case UInt8(ascii: "=") where words.isEmpty:
                return nil
            default:
                if special.contains(byte) { return nil }
                word = (word ?? []) + [byte]
            }
        }
        if let ended = word { words.append(ended) }
        return words.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Operators, expansions and patterns.
    private static let special = Set("|&;<>()$`*?[\n\r{}!".utf8)

    private static func doubleQuoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var quoted: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return quoted
            case UInt8(ascii: "$"), UInt8(ascii: "`"): return nil
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { return nil }
                // Within double quotes the backslash quotes these only.
                let isQuoting = "$`\"\\".utf8.contains(next)
                if next == UInt8(ascii: "\n") { return nil }
                quoted += isQuoting ? [next] : [byte, next]
            default: quoted.append(byte)
            }
        }
        return nil
    }
}
