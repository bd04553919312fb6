/// One file as a line of `ls -l`: clients such as WinSCP show or read it.
package enum ListLine {
    /// - Parameters:
    ///   - links: how many names the file has.
    ///   - now: seconds since 1970: what is older than half a year is shown with its year.
    package static func text(
        _ attributes: Attributes, links: UInt64, name: [UInt8], now: Int64
    ) -> [UInt8] {
        let mode = attributes.permissions ?? 0
        var line = permissions(mode)
        line += " " + padded(links, 4)
        line += " " + padded(UInt64(attributes.owner?.user ?? 0), -8)
        line += " " + padded(UInt64(attributes.owner?.group ?? 0), -8)
        line += " " + padded(attributes.size ?? 0, 8)
        line += " " + date(Int64(attributes.times?.modified ?? 0), now) + " "
        return Array(line.utf8) + name
    }

    /// Source: POSIX.1-2017, ls, "-l".
    static func permissions(_ mode: UInt32) -> String {
        let types: [UInt32: Character] = [
            0o140000: "s", 0o120000: "l", 0o100000: "-", 0o060000: "b", 0o040000: "d",
            0o020000: "c", 0o010000: "p",
        ]
        var text = String(types[mode & 0o170000] ?? "?")
        for (shift, special, set, alone) in [
            (6, 0o4000, "s", "S"), (3, 0o2000, "s", "S"), (0, 0o1000, "t", "T"),
        ] {
            let bits = mode >> UInt32(shift)
            text += bits & 4 != 0 ? "r" : "-"
            text += bits & 2 != 0 ? "w" : "-"
            let isSpecial = mode & UInt32(special) != 0
            text += isSpecial ? (bits & 1 != 0 ? set : alone) : (bits & 1 != 0 ? "x" : "-")
        }
        return text
    }

    /// `Mar  7 14:05`, or `Mar  7  2021` when that is long ago or to come; UTC.
    static func date(_ time: Int64, _ now: Int64) -> String {
        let days = time / 86400
        // Source: Howard Hinnant, chrono-compatible low-level date algorithms, civil_from_days; years begin in March.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * fromMarch + 2) / 5 + 1
        let year = yearOfEra + era * 400 + (fromMarch >= 10 ? 1 : 0)
        let names = [
            "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb",
        ]
        let month = names[Int(fromMarch) % names.count]
        let halfYear: Int64 = 183 * 86400
        let shown =
            (now - halfYear...now + 86400).contains(time)
            ? padded(UInt64(time % 86400 / 3600), 2, "0") + ":"
                + padded(UInt64(time % 3600 / 60), 2, "0")
            : padded(UInt64(year), 5)
        return month + " " + padded(UInt64(day), 2) + " " + shown
    }

    /// A number at the right of `width` characters, at the left when that is negative.
    private static func padded(_ number: UInt64, _ width: Int, _ fill: String = " ") -> String {
        let digits = String(number)
        let padding = String(repeating: fill, count: max(0, abs(width) - digits.utf8.count))
        return width < 0 ? digits + padding : padding + digits
    }
}
