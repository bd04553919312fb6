import Testing

@testable import LinuxKit

@Suite struct MountTableTests {
    @Test func aLineOfMountinfo() {
        // Source: Linux Documentation/filesystems/proc.rst §3.5; two optional fields before the dash.
        let entry = MountTable.Entry(
            "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/my\\134root rw")
        #expect(entry?.device == "98:0")
        #expect(entry?.point == "/mnt 2")
        #expect(entry?.type == "ext3")
        #expect(entry?.source == "/dev/my\\root")
        #expect(MountTable.Entry("36 35 98:0 /mnt1 /mnt2 rw - ext3") == nil)
        #expect(MountTable.Entry("") == nil)
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("\\040", " "), ("a\\011b\\012", "a\tb\n"), ("\\", "\\"),
        ("\\04", "\\04"), ("\\089", "\\089"), ("\\+12", "\\+12"), ("\\777", "\u{FFFD}"),
    ])
    func escapes(written: String, text: String) {
        #expect(MountTable.unescaped(written) == text)
    }
}
