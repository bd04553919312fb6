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
}
