import BootCore
import Testing

@Suite struct SettingsTests {
    @Test func readsEveryKeyAndIgnoresComments() {
        let settings = Settings(
            parsing: """
                # the rescue network
                interface = eth0
                interface=eth1   # the second
                  listen = [::]:2222

                address-after-boot = keep
                hostname = rescue-1.example.org
                passphrase-login = yes
                client-id = 01:52:54:00:12:34:56
                retry-cap = 20
                forward = 3260
                forward = 22
                checkers = e2fsck xfs_repair
                checkers = btrfs
                """)
        #expect(settings.interfaces == ["eth0", "eth1"])
        #expect(settings.listen == ["[::]:2222"])
        #expect(settings.addressAfterBoot == .keep)
        #expect(settings.hostName == "rescue-1.example.org")
        #expect(settings.passphraseLogin)
        #expect(settings.clientID == "01:52:54:00:12:34:56")
        #expect(settings.retryCap == 20)
        #expect(settings.forward == ["3260", "22"])
        #expect(settings.checkers == ["e2fsck", "xfs_repair", "btrfs"])
        #expect(settings.complaints.isEmpty)
    }

    /// A word that is not understood must not open a door.
    @Test func aPassphraseLogsInOnlyWhereThatIsSaidClearly() {
        for line in ["", "passphrase-login = no", "passphrase-login = true", "passphrase-login ="] {
            #expect(!Settings(parsing: line).passphraseLogin)
        }
        #expect(
            Settings(parsing: "passphrase-login = true").complaints == [
                "Line 1: passphrase-login = true: expected 'yes' or 'no'."
            ])
    }

    @Test func aLineThatCannotBeUsedIsNamedAndTheRestHolds() {
        let settings = Settings(
            parsing:
                "listne = :22\ninterface\nlisten =\naddress-after-boot = maybe\ninterface = a\r\n")
        #expect(settings.interfaces == ["a"])
        #expect(settings.addressAfterBoot == nil)
        #expect(
            settings.complaints == [
                "Line 1: listne: there is no such setting.",
                "Line 2: interface: expected 'key = value'.",
                "Line 3: listen: a value is missing.",
                "Line 4: address-after-boot = maybe: expected 'drop' or 'keep'.",
            ])
    }

    /// A service that is given what it cannot use would end at once, for ever, and nobody could log in.
    @Test(arguments: [
        "listen = 2222:", "listen = myhost:22", "listen = ::1:22", "interface = eth0:1",
        "interface = eth0 eth1", "hostname = -a", "hostname = a..b", "hostname = a b",
        "hostname = größe", "client-id = box", "client-id = 01", "retry-cap = 5",
        "retry-cap = 8s",
    ])
    func aValueThatNoServiceCanUseIsLeftOut(line: String) {
        let settings = Settings(parsing: line + "\nlisten = :2222\ninterface = eth2")
        #expect(settings.complaints.count == 1)
        #expect(settings.listen == [":2222"])
        #expect(settings.interfaces == ["eth2"])
    }

    /// Each limit from both sides: what is just allowed is taken, and one more is not.
    @Test(arguments: [
        ("interface = " + String(repeating: "i", count: 15), true),
        ("interface = " + String(repeating: "i", count: 16), false),
        ("interface = .", false), ("interface = ..", false), ("interface = ...", true),
        ("interface = !~", true), ("interface = a\u{7F}", false),
        ("forward = none", true), ("forward = 1", true), ("forward = 65535", true),
        ("forward = 0", false), ("forward = 65536", false), ("forward = +22", false),
        ("forward = ssh", false),
        ("client-id = mac", true), ("client-id = 00:ff", true), ("client-id = 00", false),
        ("client-id = 0:1", false), ("client-id = 00:fg", false), ("client-id = 00::01", false),
        ("client-id = " + bytes(255), true), ("client-id = " + bytes(256), false),
        ("retry-cap = 6", true), ("retry-cap = 3600", true), ("retry-cap = 3601", false),
        ("checkers = e2fsck", true), ("checkers = sbin/e2fsck", false),
        ("checkers = fsck e2fsck;reboot", false), ("checkers = fsck\u{7F}", false),
        ("hostname = " + String(repeating: "h", count: 63), true),
        ("hostname = " + String(repeating: "h", count: 64), false),
        ("hostname = AZ-az.09", true), ("hostname = a-", false), ("hostname = a.", false),
        ("hostname = " + String(repeating: "h.", count: 126) + "h", true),
        ("hostname = " + String(repeating: "h.", count: 126) + "hh", false),
    ])
    func limits(line: String, isTaken: Bool) {
        let settings = Settings(parsing: line)
        #expect(settings.complaints.isEmpty == isTaken)
        #expect(settings != Settings(), "it is either used or named")
    }

    private static func bytes(_ count: Int) -> String {
        [String](repeating: "0a", count: count).joined(separator: ":")
    }

    @Test func anEmptyFileMeansTheDefaults() {
        #expect(Settings(parsing: "") == Settings())
    }
}
