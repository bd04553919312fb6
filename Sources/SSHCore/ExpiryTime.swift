/// A moment until which a key is good: `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with or without a final Z.
/// Source: sshd(8), expiry-time.
///
/// The moment is always read as UTC: an initramfs knows no time zone.
package struct ExpiryTime: Sendable, Equatable {
    /// Seconds since 1970.
    package let seconds: Int64

    /// - Returns: `nil` when the text is no date that exists.
    init?(_ text: some StringProtocol) {
        let digits = Array((text.last == "Z" ? text.dropLast() : text[...]).utf8)
        guard [8, 12, 14].contains(digits.count), digits.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        let number = { (start: Int, count: Int) -> Int in
            guard start + count <= digits.count else { return 0 }
            return digits[start..<start + count].reduce(0) { $0 * 10 + Int($1) - 48 }
        }
        let (year, month, day) = (number(0, 4), number(4, 2), number(6, 2))
        let (hour, minute, second) = (number(8, 2), number(10, 2), number(12, 2))
        guard year >= 1970, (1...12).contains(month), day >= 1,
            day <= Self.length(of: month, in: year), hour <= 23, minute <= 59, second <= 59
        else { return nil }
        let days = Self.days(year, month, day)
        seconds = Int64(((days * 24 + hour) * 60 + minute) * 60 + second)
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func length(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1 January 1970.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let before = year - 1
        let leaps = { (year: Int) in year / 4 - year / 100 + year / 400 }
        let years = (year - 1970) * 365 + leaps(before) - leaps(1969)
        return (1..<month).reduce(years) { $0 + length(of: $1, in: year) } + day - 1
    }
}
