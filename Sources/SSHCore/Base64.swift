/// Base64 as keys are written in (RFC 4648 §4), strictly: with its padding, without anything else.
package enum Base64 {
    /// - Returns: `nil` when the text is no base64.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3)
        for start in stride(from: 0, to: characters.count, by: 4) {
            let group = characters[start..<start + 4]
            let padding = group.reversed().prefix { $0 == UInt8(ascii: "=") }.count
            let isLast = start + 4 == characters.count
            guard padding <= 2, isLast || padding == 0 else { return nil }
            var bits: UInt32 = 0
            for character in group.dropLast(padding) {
                guard let value = value(character) else { return nil }
                bits = bits << 6 | value
            }
            bits <<= UInt32(6 * padding)
            let decoded = [UInt8(bits >> 16 & 0xFF), UInt8(bits >> 8 & 0xFF), UInt8(bits & 0xFF)]
            bytes += decoded.dropLast(padding)
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character) - 48 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
