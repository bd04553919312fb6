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
                """)
        #expect(settings.interfaces == ["eth0", "eth1"])
        #expect(settings.listen == ["[::]:2222"])
        #expect(settings.addressAfterBoot == .keep)
        #expect(settings.hostName == "rescue-1.example.org")
        #expect(settings.passphraseLogin)
        #expect(settings.clientID == "01:52:54:00:12:34:56")
        #expect(settings.retryCap == 20)
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

    @Test func anEmptyFileMeansTheDefaults() {
        #expect(Settings(parsing: "") == Settings())
    }
}
