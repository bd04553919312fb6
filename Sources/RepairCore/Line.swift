/// One line of a checker or of the kernel log, read from its front. Works on bytes: a checker may print anything.
package struct Line: Sendable {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }
    package init(_ text: String) { rest = Array(text.utf8)[...] }

    package var isEmpty: Bool { rest.isEmpty }
    var bytes: ArraySlice<UInt8> { rest }

    /// What is left as text, control characters shown as `?`: a checker must not steer the terminal of who watches.
    package var text: String {
        String(decoding: rest.map { $0 < 32 || $0 == 127 ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }

    /// Takes `word` off the front; `false`, with nothing taken, when the line does not begin with it.
    package mutating func skip(_ word: StaticString) -> Bool {
        guard starts(with: word) else { return false }
        rest = rest.dropFirst(word.utf8CodeUnitCount)
        return true
    }

    /// Takes spaces and tabs off the front.
    package mutating func skipSpace() {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    /// Takes a decimal number off the front, spaces before it too; `nil` without one or when it exceeds 64 bits.
    package mutating func number() -> UInt64? {
        var ahead = self
        ahead.skipSpace()
        let digits = ahead.rest.prefix { (48...57).contains($0) }
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            let (times, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, carries) = times.addingReportingOverflow(UInt64(digit - 48))
            guard !overflows, !carries else { return nil }
            value = sum
        }
        rest = ahead.rest.dropFirst(digits.count)
        return value
    }

    /// Takes `12.34` off the front as a number of hundredths; more digits are cut off.
    package mutating func hundredths() -> UInt64? {
        guard let whole = number() else { return nil }
        let (scaled, overflows) = whole.multipliedReportingOverflow(by: 100)
        guard !overflows else { return nil }
        guard skip(".") else { return scaled }
        let digits = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(digits.count)
        let pair = Array(digits.prefix(2)) + [48, 48]
        return scaled &+ UInt64(pair[0] - 48) * 10 &+ UInt64(pair[1] - 48)
    }

    /// Takes a name of letters, digits and `_` off the front; `nil` without one.
    package mutating func identifier() -> String? {
        let name = rest.prefix(while: Self.isWordByte)
        guard !name.isEmpty else { return nil }
        rest = rest.dropFirst(name.count)
        return String(decoding: name, as: UTF8.self)
    }

    /// Takes everything before `mark` off the front, and `mark` too; `nil`, with nothing taken, without `mark`.
    package mutating func upTo(_ mark: StaticString) -> Line? {
        guard let found = index(of: mark) else { return nil }
        let before = Line(rest[..<found])
        rest = rest[(found + mark.utf8CodeUnitCount)...]
        return before
    }

    package func starts(with word: StaticString) -> Bool {
        word.withUTF8Buffer { rest.starts(with: $0) }
    }

    package func ends(with word: StaticString) -> Bool {
        word.withUTF8Buffer { word in
            rest.count >= word.count && rest.suffix(word.count).elementsEqual(word)
        }
    }

    package func contains(_ word: StaticString) -> Bool { index(of: word) != nil }

    /// Whether `text`, which is not empty, stands anywhere in the line.
    package func contains(text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard let first = wanted.first else { return false }
        var ahead = rest
        while let start = ahead.firstIndex(of: first) {
            ahead = ahead[start...]
            if ahead.starts(with: wanted) { return true }
            ahead = ahead.dropFirst()
        }
        return false
    }

    /// Whether `name` stands in the line by itself: `sda` does in `[sda]`, and not in `sda1` or `sdaa`.
    package func names(_ name: String) -> Bool {
        let wanted = Array(name.utf8)
        guard let first = wanted.first else { return false }
        var ahead = rest
        while let start = ahead.firstIndex(of: first) {
            ahead = ahead[start...]
            let isWhole =
                ahead.starts(with: wanted)
                && !Self.isWordByte(start > rest.startIndex ? rest[start - 1] : 0)
                && !Self.isWordByte(ahead.dropFirst(wanted.count).first ?? 0)
            if isWhole { return true }
            ahead = ahead.dropFirst()
        }
        return false
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    /// The same without spaces at its end.
    package var trimmed: Line {
        var line = self
        line.skipSpace()
        while let last = line.rest.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") {
            line.rest.removeLast()
        }
        return line
    }

    /// Equal for lines that differ in their numbers only, such as the lines of a flood. FNV-1a.
    package var pattern: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var wasDigit = false
        for byte in rest {
            let isDigit = (48...57).contains(byte)
            if isDigit && wasDigit { continue }
            wasDigit = isDigit
            hash = (hash ^ UInt64(isDigit ? UInt8(ascii: "0") : byte)) &* 0x0000_0100_0000_01b3
        }
        return hash
    }

    private func index(of word: StaticString) -> ArraySlice<UInt8>.Index? {
        word.withUTF8Buffer { word in
            guard let first = word.first, rest.count >= word.count else { return nil }
            return rest.withUnsafeBufferPointer { bytes in
                var at = 0
                while at <= bytes.count - word.count {
                    if bytes[at] == first,
                        bytes[at..<(at + word.count)].elementsEqual(word)
                    {
                        return rest.startIndex + at
                    }
                    at += 1
                }
                return nil
            }
        }
    }
}
