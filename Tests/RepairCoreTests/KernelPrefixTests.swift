import Testing

@testable import RepairCore

struct KernelPrefixTests {
    @Test(arguments: [
        (
            "6,459,30474154,-;bcachefs (x): going read-write",
            "[   30.474154] bcachefs (x): going read-write"
        ),
        ("4,1,5,c;short", "[    0.000005] short"),
        ("no record; at all", "no record; at all"),
        ("6,459", "6,459"),
    ])
    func asDmesgShowsIt(_ record: String, _ shown: String) {
        #expect(KernelPrefix.dmesg(Line(record)) == shown)
    }

    @Test(arguments: [
        ("[   10.028053] XFS (vda): text", "XFS (vda): text"),
        ("6,459,30474154,-;XFS (vda): text", "XFS (vda): text"),
        ("[2/7] checking extents", "[2/7] checking extents"),
        ("1 5 32 w.img", "1 5 32 w.img"),
    ])
    func stripped(_ line: String, _ rest: String) {
        #expect(KernelPrefix.stripped(Line(line)).text == rest)
    }
}
