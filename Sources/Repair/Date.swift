/// Points in time as people read them.
enum Date {
    /// `2026-11-21 00:31 UTC`. Source: the civil-from-days algorithm of Howard Hinnant.
    static func words(_ secondsSince1970: UInt64) -> String {
        guard secondsSince1970 < 1 << 40 else { return "at a time that makes no sense" }
        let days = Int(secondsSince1970 / 86400) + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let minutes = Int(secondsSince1970 % 86400) / 60
        return "\(year)-\(two(month))-\(two(day)) \(two(minutes / 60)):\(two(minutes % 60)) UTC"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
