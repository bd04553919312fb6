import Testing

@testable import SFTPCore

@Suite struct ListLineTests {
    @Test(arguments: [
        (0o100644, "-rw-r--r--"), (0o040755, "drwxr-xr-x"), (0o120777, "lrwxrwxrwx"),
        (0o104755, "-rwsr-xr-x"), (0o104644, "-rwSr--r--"), (0o041777, "drwxrwxrwt"),
        (0o060660, "brw-rw----"), (0o102711, "-rwx--s--x"),
    ])
    func permissions(_ mode: UInt32, _ text: String) {
        #expect(ListLine.permissions(mode) == text)
    }

    @Test(arguments: [
        (1_795_240_000, 1_795_240_100, "Nov 21 05:46"), (0, 1_795_240_000, "Jan  1  1970"),
        (951_782_400, 1_795_240_000, "Feb 29  2000"), (4_294_967_295, 0, "Feb  7  2106"),
    ])
    func dates(_ time: Int64, _ now: Int64, _ text: String) {
        #expect(ListLine.date(time, now) == text)
    }

    /// Half a year back and a day ahead have a time of day, one second more has a year.
    @Test(arguments: [
        (-183 * 86400, "Jun  4 00:00"), (-183 * 86400 - 1, "Jun  3  2024"),
        (86400, "Dec  5 00:00"), (86401, "Dec  5  2024"), (0, "Dec  4 00:00"),
    ])
    func recent(_ offset: Int64, _ text: String) {
        let now: Int64 = 1_733_270_400  // 2024-12-04 00:00
        #expect(ListLine.date(now + offset, now) == text)
    }

    /// The first and the last day of every month until the times of SFTP end.
    @Test func everyMonth() {
        let months: [(String, Int64)] = [
            ("Jan", 31), ("Feb", 28), ("Mar", 31), ("Apr", 30), ("May", 31), ("Jun", 30),
            ("Jul", 31), ("Aug", 31), ("Sep", 30), ("Oct", 31), ("Nov", 30), ("Dec", 31),
        ]
        var day: Int64 = 0
        for year in 1970..<2106 {
            let isLeap = year % 4 == 0 && year != 2100
            for (name, usual) in months {
                let length = name == "Feb" && isLeap ? 29 : usual
                let now: Int64 = 1 << 40
                #expect(ListLine.date(day * 86400, now) == "\(name)  1  \(year)")
                day += length
                #expect(ListLine.date(day * 86400 - 1, now) == "\(name) \(length)  \(year)")
            }
        }
    }

    @Test func wholeLine() {
        let known = Attributes(
            size: 12, owner: .init(user: 1000, group: 100), permissions: 0o100644,
            times: .init(accessed: 0, modified: 1_795_240_000))
        func line(_ attributes: Attributes) -> String {
            let name = Array("a b".utf8)
            return String(
                decoding: ListLine.text(attributes, links: 1, name: name, now: 1_795_240_000),
                as: UTF8.self)
        }
        #expect(line(known) == "-rw-r--r--    1 1000     100            12 Nov 21 05:46 a b")
        #expect(
            line(Attributes()) == "?---------    1 0        0               0 Jan  1  1970 a b")
    }
}
