import Testing

@testable import UnlockCore
import Seeds

@Suite struct CryptTabTests {
    private func parse(_ text: String) -> CryptTab { CryptTab(parsing: Array(text.utf8)) }

    @Test func readsWhatDebianWrites() throws {
        let tab = parse(
            """
            # <target> <source> <key> <options>
            cryptroot UUID=6f3c12ce-1c41-4f0e-9a1a-3b9a3f6f9a00 none luks,discard,tries=0

              data1\t/dev/disk/by-id/ata-X\tnone   luks,header=/etc/h.img,keyfile-size=32,keyfile-offset=8
            data2 LABEL=two /keys/two luks,keyscript=decrypt_keyctl,keyslot=3,read-only
            """)
        #expect(tab.complaints.isEmpty)
        try #require(tab.entries.count == 3)
        let root = tab.entries[0]
        #expect(root.name == "cryptroot")
        #expect(root.source == "UUID=6f3c12ce-1c41-4f0e-9a1a-3b9a3f6f9a00")
        #expect(root.key == "none")
        #expect(root.options.flags == [.discard])
        #expect(root.options.tries == 0)
        let first = tab.entries[1].options
        #expect(first.header == "/etc/h.img")
        #expect(first.keyfileSize == 32)
        #expect(first.keyfileOffset == 8)
        #expect(first.tries == 3)
        let second = tab.entries[2].options
        #expect(second.keyscript == "decrypt_keyctl")
        #expect(second.keyslot == 3)
        #expect(second.flags == [.readonly])
    }

    @Test func readsWhatSystemdAllows() throws {
        let tab = parse("a UUID=1-2\nb /dev/sdb -\n")
        #expect(tab.complaints.isEmpty)
        #expect(tab.entries.map(\.key) == ["none", "-"])
        #expect(tab.entries.map(\.options) == [UnlockOptions(), UnlockOptions()])
    }

    @Test func takesAsMuchAsTheKernelDoes() throws {
        let name = String(repeating: "x", count: 127)
        let tab = parse(
            "\(name) /dev/sda none tries=2147483647,keyfile-size=1,noauto,pkcs11-uri=auto")
        #expect(tab.complaints.isEmpty)
        let entry = try #require(tab.entries.first)
        #expect(entry.name == name)
        #expect(entry.options.tries == 2_147_483_647)
        #expect(entry.options.keyfileSize == 1)
        #expect(entry.options.isNotAutomatic)
    }

    /// Options about a key file say nothing of what is typed, but for cryptroot; and nothing of a TrueCrypt volume.
    @Test(
        arguments: [
            ("luks", .crypttab, true, "8 32"), ("luks", .crypttab, false, "0 all"),
            ("luks", .cryptroot, false, "8 32"), ("luks", .kernelLine, false, "0 all"),
            ("tcrypt", .crypttab, true, "0 all"), ("tcrypt", .cryptroot, false, "0 all"),
        ] as [(String, UnlockTarget.Origin, Bool, String)])
    func cutsTheKey(
        type: String, origin: UnlockTarget.Origin, isKeyFile: Bool, part: String
    ) throws {
        let tab = parse("a s none \(type),keyfile-offset=8,keyfile-size=32")
        let target = UnlockTarget(try #require(tab.entries.first), origin)
        let (offset, size) = target.keyPart(isKeyFile: isKeyFile)
        #expect("\(offset) \(size.map { "\($0)" } ?? "all")" == part)
    }

    @Test(arguments: [
        ("my\\040disk", "my disk"), ("a\\0040b", "a b"), ("a\\134b", "a\\b"), ("a\\\\b", "a\\b"),
        ("tab\\there", "tab\there"), ("odd\\q", "odd\\q"), ("end\\", "end\\"), ("\\1", "\u{1}"),
        ("\\054x", ",x"),
    ])
    func takesEscapesBack(field: String, plain: String) {
        #expect(CryptTab.unescaped(Array(field.utf8)) == plain)
    }

    @Test func commaInAValueIsEscaped() throws {
        let entry = try #require(parse("a b none header=/x\\054y,discard").entries.first)
        #expect(entry.options.header == "/x,y")
        #expect(entry.options.flags == [.discard])
    }

    @Test(arguments: [
        ("short", "crypttab line 1: 'short' needs a source after it."),
        ("a/b /dev/sda none", "crypttab line 1: 'a/b' cannot be a mapping's name."),
        (".. /dev/sda none", "crypttab line 1: '..' cannot be a mapping's name."),
        (". /dev/sda none", "crypttab line 1: '.' cannot be a mapping's name."),
        (
            String(repeating: "x", count: 128) + " /dev/sda none",
            "crypttab line 1: '\(String(repeating: "x", count: 128))' cannot be a mapping's name."
        ),
        (
            "a /dev/sda none tries=2147483648",
            "crypttab line 1, a: the option 'tries' needs a number and is ignored."
        ),
        (
            "a /dev/sda none keyfile-size=0",
            "crypttab line 1, a: the option 'keyfile-size' needs a number above 0 and is ignored."
        ),
        ("a /dev/sda none fancy", "crypttab line 1, a: the option 'fancy' is unknown and ignored."),
        (
            "a /dev/sda none tries=-1",
            "crypttab line 1, a: the option 'tries' needs a number and is ignored."
        ),
        (
            "a /dev/sda none header",
            "crypttab line 1, a: the option 'header' needs a path and is ignored."
        ),
    ])
    func namesWhatItCannotUse(line: String, complaint: String) {
        #expect(parse(line).complaints == [complaint])
    }

    @Test(
        arguments: [
            ("a s none luks", nil), ("a s - luks", nil), ("a s /gone luks", nil),
            ("a s /there luks", "Its key is the file /there, which the system uses itself."),
            (
                "a s none plain",
                "It is of the type 'plain': it has no header that tells a wrong passphrase from the right one, and "
                    + "opening it with a wrong one shows garbage. It is left to the system's own scripts."
            ),
            ("a s none keyscript=/lib/cryptsetup/scripts/decrypt_keyctl", nil),
            ("a s none keyscript=/lib/cryptsetup/askpass", nil),
            ("a s none header=/h", nil), ("a s none header=/there:x", nil),
            ("a s none header=/there:UUID=1-2", nil),
            (
                "a s none header=/h:UUID=1-2",
                "Its header is the file /h on UUID=1-2, which systemd fetches itself."
            ),
            (
                "a s none header=/h:/dev/sdb",
                "Its header is the file /h on /dev/sdb, which systemd fetches itself."
            ),
            (
                "a s x keyscript=/bin/yubi",
                "Its key comes from the script /bin/yubi, which the system runs itself."
            ),
        ] as [(String, String?)])
    func leavesOthersAlone(line: String, reason: String?) throws {
        let entry = try #require(parse(line).entries.first)
        #expect(UnlockTarget(entry, .cryptroot).leftAlone { $0.hasPrefix("/there") } == reason)
    }

    /// Any bytes give entries with usable names, in bounded time; a fixed seed makes a failure repeatable.
    @Test func survivesAnything() {
        var random = SeededRandom(0x1D_0C5)
        let pieces = [
            "a", " ", "\t", "\n", "\\", "\\0", "\\777", "#", ",", "=", "none", "UUID=", "tries=",
            "header=", "keyfile-size=99999999999999999999", "\0", "é",
        ]
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...24, using: &random) {
                if Bool.random(using: &random) {
                    bytes += Array((pieces.randomElement(using: &random) ?? "").utf8)
                } else {
                    bytes.append(UInt8.random(in: 0...255, using: &random))
                }
            }
            let lines = bytes.split(separator: 10, omittingEmptySubsequences: false).count
            let tab = CryptTab(parsing: bytes)
            #expect(tab.entries.count <= lines)
            for entry in tab.entries {
                #expect(!entry.name.isEmpty && !entry.name.utf8.contains(47))
                #expect(entry.options.tries >= 0 && entry.options.keyfileOffset >= 0)
            }
        }
    }
}
