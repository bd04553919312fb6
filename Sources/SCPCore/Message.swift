/// One line of scp's own protocol, which clients before OpenSSH 9.0, `scp -O`, dropbear's `scp` and libssh2 speak.
///
/// Sent by whichever side has the files. It was never written down; source: OpenSSH scp.c, `source` and `sink`.
package enum Message: Sendable, Equatable {
    /// `Cmmmm SIZE NAME`: so many bytes follow when the other side has agreed.
    case file(permissions: UInt32, size: UInt64, name: [UInt8])
    /// `Dmmmm 0 NAME`: what follows is in that directory, until `end`.
    case directory(permissions: UInt32, name: [UInt8])
    /// `E`
    case end
    /// `TMODIFIED 0 ACCESSED 0`, in seconds since 1970, of the file or directory that follows.
    case times(modified: Int64, accessed: Int64)
    /// A byte 1 and words: something was left out, and the rest goes on.
    case warning([UInt8])
    /// A byte 2 and words: the other side gives up.
    case failure([UInt8])

    /// A line that is none of these, with the reason.
    package struct Malformed: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Bytes of the longest line without its end: a name has 255, and the words of a warning may hold a path.
    package static let longestLine = 8192

    /// Reads a line without its line end.
    /// - Throws: `Malformed`; also for a name that would lead out of the directory that was asked for.
    package init(parsing line: [UInt8]) throws(Malformed) {
        let rest = line.dropFirst()
        switch line.first {
        case 1: self = .warning(Array(rest))
        case 2: self = .failure(Array(rest))
        case UInt8(ascii: "E"):
            guard rest.isEmpty else { throw Malformed(description: "more behind an E") }
            self = .end
        case UInt8(ascii: "T"):
            let numbers = rest.split(separator: Self.space, omittingEmptySubsequences: false)
                .map { Self.number($0) }
            guard numbers.count == 4, let modified = numbers[0], let accessed = numbers[2] else {
                throw Malformed(description: "times that are no numbers")
            }
            self = .times(modified: modified, accessed: accessed)
        case UInt8(ascii: "C"):
            let (permissions, size, name) = try Self.entry(rest)
            self = .file(permissions: permissions, size: size, name: name)
        case UInt8(ascii: "D"):
            let (permissions, _, name) = try Self.entry(rest)
            self = .directory(permissions: permissions, name: name)
        default: throw Malformed(description: "a line of no known kind")
        }
    }

    /// The line with its end, as the side with the files sends it.
    package var bytes: [UInt8] {
        switch self {
        case .file(let permissions, let size, let name):
            Self.entry("C", permissions, size, name)
        case .directory(let permissions, let name): Self.entry("D", permissions, 0, name)
        case .end: Array("E\n".utf8)
        case .times(let modified, let accessed): Array("T\(modified) 0 \(accessed) 0\n".utf8)
        case .warning(let words): Self.oneLine(1, words)
        case .failure(let words): Self.oneLine(2, words)
        }
    }

    private static let space = UInt8(ascii: " ")
    private static let lineEnd = UInt8(ascii: "\n")

    /// `mmmm SIZE NAME`; a name may have spaces.
    private static func entry(
        _ text: ArraySlice<UInt8>
    ) throws(Malformed) -> (permissions: UInt32, size: UInt64, name: [UInt8]) {
        let parts = text.split(separator: space, maxSplits: 2, omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "7")
        guard parts.count == 3, parts[0].count == 4, parts[0].allSatisfy({ digits.contains($0) })
        else { throw Malformed(description: "permissions that are not four octal digits") }
        let permissions = parts[0].reduce(0) { $0 << 3 | UInt32($1 - digits.lowerBound) }
        guard let size = number(parts[1]) else {
            throw Malformed(description: "a size that is no number")
        }
        let name = Array(parts[2])
        let leadsOut = name.contains(UInt8(ascii: "/")) || name.contains(0)
        guard !name.isEmpty, !leadsOut, name != Array(".".utf8), name != Array("..".utf8) else {
            throw Malformed(description: "a name that leads elsewhere")
        }
        return (permissions, UInt64(size), name)
    }

    /// Decimal digits and nothing else, up to the largest offset that the kernel knows.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    private static func entry(
        _ kind: String, _ permissions: UInt32, _ size: UInt64, _ name: [UInt8]
    ) -> [UInt8] {
        let octal = String(permissions & 0o7777, radix: 8)
        let padded = String(repeating: "0", count: 4 - octal.count) + octal
        return Array("\(kind)\(padded) \(size) ".utf8) + name + [lineEnd]
    }

    private static func oneLine(_ kind: UInt8, _ words: [UInt8]) -> [UInt8] {
        [kind] + words.prefix(longestLine - 1).map { $0 == lineEnd ? space : $0 } + [lineEnd]
    }
}
