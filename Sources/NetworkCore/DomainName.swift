import Bytes

/// Names of hosts and domains in the one alphabet that is safe in a file, a shell or a packet.
package enum DomainName {
    /// The longest name in characters. Source: RFC 1035 §2.3.4, less the root label.
    package static let longest = 253

    /// The name in lower case without a closing dot, or `nil` unless it is made of labels of 1 to 63 letters, digits and
    /// inner hyphens (RFC 952, RFC 1123 §2.1) and at most 253 characters long.
    package static func checked(_ text: String) -> String? {
        var bytes = Array(text.utf8)[...]
        if bytes.last == UInt8(ascii: ".") { bytes = bytes.dropLast() }
        guard bytes.count <= longest else { return nil }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy(isLabel) else { return nil }
        return String(decoding: bytes, as: UTF8.self).lowercased()
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { isLetterOrDigit($0) || $0 == hyphen }
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// A list of names in DNS wire form with compression (RFC 3397, RFC 1035 §4.1.4), at most `limit` of them; names
    /// outside the alphabet are left out, and everything from the first broken place on.
    package static func list(parsing bytes: [UInt8], atMost limit: Int) -> [String] {
        var names: [String] = []
        var position = 0
        var attempts = 0
        // Names outside the alphabet count, so that their number is bounded too.
        while position < bytes.count, names.count < limit, attempts < 4 * limit {
            attempts += 1
            guard let (name, next) = name(in: bytes, at: position) else { break }
            if let good = checked(name) { names.append(good) }
            position = next
        }
        return names
    }

    /// Each of a name's pointers may be one step back, through all of a message that is made of pointers; real names have one.
    private static let mostPointers = 16

    /// The name that begins at `start`, and where what follows it does; `nil` when it is broken.
    static func name(in bytes: [UInt8], at start: Int) -> (name: String, next: Int)? {
        var labels: [String] = []
        var position = start
        var next: Int?
        // Each pointer must lead backwards, so that a loop of pointers ends.
        var fence = start
        var pointers = 0
        var length = 0
        while bytes.indices.contains(position) {
            let first = bytes[position]
            switch first {
            case 0: return (labels.joined(separator: "."), next ?? position + 1)
            case 0xC0...:
                guard bytes.indices.contains(position + 1) else { return nil }
                let target = Int(first & 0x3F) << 8 | Int(bytes[position + 1])
                pointers += 1
                guard target < fence, pointers <= mostPointers else { return nil }
                next = next ?? position + 2
                fence = target
                position = target
            case 0x40...: return nil
            default:
                let end = position + 1 + Int(first)
                length += Int(first) + 1
                guard end <= bytes.count, length <= longest + 1 else { return nil }
                labels.append(String(decoding: bytes[position + 1..<end], as: UTF8.self))
                position = end
            }
        }
        return nil
    }
}
