/// OpenSSH's patterns: `*` stands for any characters, `?` for one. Source: ssh_config(5), PATTERNS.
enum Pattern {
    /// Takes time in proportion to the product of the lengths at the worst.
    static func matches(_ text: some StringProtocol, _ pattern: some StringProtocol) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        var here = 0
        var at = 0
        // Where to try again when what follows the last star does not fit.
        var star: (at: Int, here: Int)?
        while here < text.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, here)
                at += 1
            } else if at < pattern.count,
                pattern[at] == UInt8(ascii: "?") || pattern[at] == text[here]
            {
                at += 1
                here += 1
            } else if let last = star {
                star = (last.at, last.here + 1)
                at = last.at + 1
                here = last.here + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
