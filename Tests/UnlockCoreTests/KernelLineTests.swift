import Testing

@testable import UnlockCore

@Suite struct KernelLineTests {
    private static let first = "6f3c12ce-1c41-4f0e-9a1a-3b9a3f6f9a00"
    private static let second = "da710000-1ab0-4000-8000-000000000001"

    private func targets(
        _ line: String, _ crypttab: String = "", isInitramfs: Bool = true
    ) -> [UnlockTarget] {
        KernelLine(parsing: Array(line.utf8)).targets(
            crypttab: CryptTab(parsing: Array(crypttab.utf8)).entries, isInitramfs: isInitramfs)
    }

    @Test func readsWhatSystemdReads() throws {
        let all = targets(
            """
            root=/dev/mapper/root quiet rd.luks.uuid=luks-\(Self.first.uppercased()) \
            rd.luks.name=\(Self.second)=data rd.luks.options=\(Self.second)=discard,header=/h.img \
            luks.options=read-only rd.luks.key=\(Self.first)=/key:UUID=0-1 \
            rd.luks.data=\(Self.second)=/dev/sdx
            """)
        try #require(all.map(\.name) == ["luks-" + Self.first, "data"])
        #expect(all.map(\.entry.source) == ["UUID=" + Self.first, "/dev/sdx"])
        #expect(all.map(\.entry.key) == ["/key:UUID=0-1", "none"])
        #expect(all.map(\.entry.options.flags) == [[.readonly], [.discard]])
        #expect(all[1].entry.options.header == "/h.img")
        #expect(all.allSatisfy { $0.origin == .kernelLine })
    }

    @Test func anEntryOfCrypttabKeepsItsOwn() throws {
        let tab = """
            one UUID="\(Self.first)" none luks,discard
            two UUID=\(Self.second) none luks
            """
        let named = targets("rd.luks.uuid=\(Self.first) rd.luks.options=tries=7", tab)
        try #require(named.map(\.name) == ["one"])
        #expect(named[0].entry.options.flags == [.discard])
        #expect(named[0].entry.options.tries == 7)
        let later = targets("rd.luks.uuid=\(Self.first)", tab, isInitramfs: false)
        #expect(later.map(\.name) == ["one", "two"])
        #expect(later.map(\.origin) == [.kernelLine, .crypttab])
        #expect(targets("quiet", tab).map(\.name) == ["one", "two"])
        #expect(targets("rd.luks.crypttab=0", tab).isEmpty)
        #expect(targets("rd.luks=0 rd.luks.uuid=\(Self.first)", tab).isEmpty)
        #expect(targets("rd.luks=no rd.luks=1", tab).count == 2)
        #expect(targets("rd.luks=OFF rd.luks.uuid=\(Self.first)", tab).isEmpty)
        #expect(targets("cryptdevice=/dev/sda:one", tab).map(\.name) == ["one", "two"])
    }

    /// A row: the line, and the name, the source, the key and the tries of what it asks for.
    @Test(
        arguments: [
            ("rd.luks.uuid=\(first)", "one UUID=\(first) /there 3"),
            ("rd.luks.data=\(first)=/dev/sdx", "one /dev/sdx /there 3"),
            ("rd.luks.uuid=\(first) rd.luks.key=/every", "one UUID=\(first) /there 3"),
            (
                "rd.luks.uuid=\(first) rd.luks.key=/every rd.luks.key=\(first)=/own",
                "one UUID=\(first) /own 3"
            ),
            ("rd.luks.uuid=\(second) rd.luks.key=/every", "luks-\(second) UUID=\(second) /every 3"),
            // A beginning and the whole are one disk, and what is said of the whole goes before.
            (
                "rd.luks.uuid=da71 rd.luks.key=da71=/k rd.luks.data=da71=/dev/sdx "
                    + "rd.luks.options=da71=tries=5 rd.luks.options=\(second)=tries=7",
                "luks-\(second) /dev/sdx /k 7"
            ),
            (
                "rd.luks.name=da71=short rd.luks.name=\(second)=whole rd.luks.options=da71=tries=5",
                "whole UUID=\(second) none 5"
            ),
        ] as [(String, String)])
    func whatIsSaidTwice(line: String, found: String) {
        // The second entry is for the same disk: the first one counts.
        let tab = """
            one UUID=\(Self.first) /there luks
            again UUID=\(Self.first) /again luks
            """
        let rows = targets(line, tab).map { target in
            "\(target.name) \(target.entry.source) \(target.entry.key) \(target.entry.options.tries)"
        }
        #expect(rows == [found])
    }

    @Test(
        arguments: [
            ("cryptdevice=UUID=1-2:root", "UUID=1-2", [], "none"),
            (
                "cryptdevice=/dev/sda2:root:allow-discards,no-read-workqueue,perf-no_write_workqueue",
                "/dev/sda2", [.discard, .noReadWorkqueue, .noWriteWorkqueue], "none"
            ),
            (
                "cryptkey=rootfs:/k.bin cryptdevice=LABEL=a:root:discard", "LABEL=a", [.discard],
                "/k.bin"
            ),
            ("cryptdevice=\"PARTLABEL=my disk:root\"", "PARTLABEL=my disk", [], "none"),
            ("cryptdevice=/dev/sda:root cryptkey=/dev/sdb:ext4:/k", "/dev/sda", [], "none"),
        ] as [(String, String, Set<UnlockOptions.Flag>, String)])
    func readsWhatArchReads(
        line: String, source: String, flags: Set<UnlockOptions.Flag>, key: String
    ) throws {
        let target = try #require(targets(line).first)
        #expect(target.name == "root")
        #expect(target.entry.source == source)
        #expect(target.entry.options.flags == flags)
        #expect(target.entry.key == key)
    }

    @Test func allowsDiscardsAsDracutDoes() throws {
        let line = "rd.luks.uuid=\(Self.first) rd.luks.allow-discards"
        #expect(targets(line).first?.entry.options.flags == [.discard])
        let other = "rd.luks.uuid=\(Self.first) rd.luks.allow-discards=\(Self.second)"
        #expect(targets(other).map(\.entry.options.flags) == [[]])
    }

    /// A row: the line, and the name, the source and the options of what it asks for.
    @Test(
        arguments: [
            ("rd.luks.uuid=6F3C", ["luks-6f3c UUID=6f3c*"]),
            ("rd.luks.uuid=luks-6f3c-12", ["luks-6f3c-12 UUID=6f3c-12*"]),
            ("rd.luks.uuid=keysource:6f rd.luks.name=6f=keys", ["keys UUID=6f*"]),
            ("rd.luks.name=6f3c=root", ["root UUID=6f3c*"]),
            (
                "rd.luks.options=6f=discard rd.luks.options=readonly rd.luks.uuid=6f rd.luks.uuid=da",
                ["luks-6f UUID=6f* discard", "luks-da UUID=da* readonly"]
            ),
            (
                "rd.luks.uuid=6f3c rd.luks.name=\(first)=root rd.luks.allow-discards=6f3c",
                ["root UUID=\(first) discard"]
            ),
            (
                "rd.luks.uuid=6f rd.luks.uuid=\(first) rd.luks.uuid=6f\(second.dropFirst(2))",
                [
                    "luks-6f UUID=6f*", "luks-\(first) UUID=\(first)",
                    "luks-6f\(second.dropFirst(2)) UUID=6f\(second.dropFirst(2))",
                ]
            ),
            ("rd.luks.partuuid=\(first)", ["luks-\(first) PARTUUID=\(first)"]),
            ("rd.luks.partuuid=AABBCCDD-02", ["luks-aabbccdd-02 PARTUUID=aabbccdd-02"]),
            ("rd.luks.partuuid=aabb", ["luks-aabb PARTUUID=aabb*"]),
            (
                "rd.luks.name=aabb=root rd.luks.allow-discards=aabb rd.luks.partuuid=aabb",
                ["root PARTUUID=aabb* discard"]
            ),
            (
                "rd.luks.serial=WD-W1 rd.luks.name=WD-W1=vault rd.luks.options=WD-W1=discard",
                ["vault SERIAL=WD-W1 discard"]
            ),
            ("rd.luks.serial=luks-S2 rd.luks.key.tout=5", ["luks-S2 SERIAL=S2"]),
            ("rd.luks.timeout=0 rd.luks.uuid=6f", ["luks-6f UUID=6f*"]),
            ("rd.luks.serial=S2\n", ["luks-S2 SERIAL=S2"]),
            (
                "rd.luks.partuuid=6f3c rd.luks.uuid=\(first)",
                ["luks-6f3c PARTUUID=6f3c*", "luks-\(first) UUID=\(first)"]
            ),
            (
                "rd.luks.serial=S2 rd.luks.data=S2=/dev/sdx rd.luks.key=S2=/k",
                ["luks-S2 /dev/sdx"]
            ),
        ] as [(String, [String])])
    func readsWhatDracutReads(line: String, found: [String]) {
        let kernelLine = KernelLine(parsing: Array(line.utf8))
        #expect(kernelLine.complaints == [])
        let all = kernelLine.targets(crypttab: [], isInitramfs: true)
        let rows = all.map { target in
            let flags = target.entry.options.flags.map { " " + $0.rawValue }.sorted()
            return "\(target.name) \(target.entry.source)" + flags.joined()
        }
        #expect(rows == found)
        #expect(all.allSatisfy { $0.origin == .kernelLine })
    }

    @Test(
        arguments: [
            ("rd.luks.uuid=6f3c", ["one"]), ("rd.luks.partuuid=AABBCCDD-02", ["part"]),
            ("rd.luks.partuuid=aabb", ["part"]), ("rd.luks.partuuid=bb", ["luks-bb"]),
            // Two entries fit: what is there decides, and neither entry.
            ("rd.luks.uuid=da71", ["luks-da71"]),
            ("rd.luks.uuid=da71 rd.luks.name=\(second)=x", ["x"]),
            ("rd.luks.partuuid=EEFF0011-02", ["path"]),
            // Whole, and not the beginning of a longer one.
            ("rd.luks.partuuid=eeff0011-01", ["luks-eeff0011-01"]),
        ] as [(String, [String])])
    func anEntryIsFoundByABeginning(line: String, names: [String]) {
        let tab = """
            one UUID=\(Self.first) none luks
            part PARTUUID=aabbccdd-02 none luks
            two UUID=\(Self.second) none luks
            three /dev/disk/by-uuid/da71ffff-1ab0-4000-8000-000000000001 none luks
            path /dev/disk/by-partuuid/eeff0011-02 none luks
            gpt PARTUUID=eeff0011-0122-4000-8000-000000000001 none luks
            """
        #expect(targets(line, tab).map(\.name) == names)
    }

    @Test(arguments: [
        (
            "rd.luks.uuid=xyz",
            "kernel line, rd.luks.uuid=: it needs a UUID or the beginning of one; it is ignored."
        ),
        (
            "rd.luks.uuid=\(first)0",
            "kernel line, rd.luks.uuid=: it needs a UUID or the beginning of one; it is ignored."
        ),
        (
            "rd.luks.uuid=\(first.filter { $0 != "-" })0",
            "kernel line, rd.luks.uuid=: it needs a UUID or the beginning of one; it is ignored."
        ),
        (
            "rd.luks.uuid=-6f",
            "kernel line, rd.luks.uuid=: it needs a UUID or the beginning of one; it is ignored."
        ),
        (
            "rd.luks.uuid=6f\(String(repeating: "-", count: 35))",
            "kernel line, rd.luks.uuid=: it needs a UUID or the beginning of one; it is ignored."
        ),
        (
            "rd.luks.partuuid=sda2",
            "kernel line, rd.luks.partuuid=: it needs a partition's UUID or the beginning of one; it is ignored."
        ),
        (
            "rd.luks.serial=",
            "kernel line, rd.luks.serial=: it needs a drive's serial number; it is ignored."
        ),
        (
            "rd.luks.allow-discards=yes",
            "kernel line, rd.luks.allow_discards=: it needs a UUID or the beginning of one; it is ignored."
        ),
        (
            "luks.name=\(first)=a/b",
            "kernel line, luks.name=: 'a/b' cannot be a mapping's name; it is ignored."
        ),
        (
            "rd.luks.data=\(first)",
            "kernel line, rd.luks.data=: it needs UUID=VALUE; it is ignored."
        ),
        (
            "rd.luks.label=vault",
            "kernel line, rd.luks.label=: davit does not know it; name the disk by rd.luks.uuid=; it is ignored."
        ),
        (
            "rd.luks.uuid=da rd.luks.options=6f=discard",
            "kernel line, luks.options=: the option '6f' is unknown and ignored."
        ),
        (
            "rd.luks.options=\(first)=discard,tries=often",
            "kernel line, luks.options=: the option 'tries' needs a number and is ignored."
        ),
        ("rd.luks.options", "kernel line, rd.luks.options=: it needs a value; it is ignored."),
        ("rd.luks.key", "kernel line, rd.luks.key=: it needs a value; it is ignored."),
        ("cryptkey", "kernel line, cryptkey=: it needs a value; it is ignored."),
        (
            "rd.luks.data=\(first)=",
            "kernel line, rd.luks.data=: it needs UUID=VALUE; it is ignored."
        ),
        ("cryptdevice=/dev/sda", "kernel line, cryptdevice=: it needs DEVICE:NAME; it is ignored."),
        ("cryptdevice=:root", "kernel line, cryptdevice=: it needs DEVICE:NAME; it is ignored."),
        (
            "cryptdevice=/dev/sda:a/b",
            "kernel line, cryptdevice=: 'a/b' cannot be a mapping's name; it is ignored."
        ),
        (
            "cryptdevice=/dev/sda:x:fancy",
            "kernel line, cryptdevice=: the option 'fancy' is unknown and ignored."
        ),
    ])
    func namesWhatItCannotUse(line: String, complaint: String) {
        #expect(KernelLine(parsing: Array(line.utf8)).complaints == [complaint])
    }

    @Test(arguments: [
        ("a s none luks", UnlockOptions.Format.luks), ("a s none bitlk", .bitlk),
        ("a s none tcrypt,tcrypt-hidden", .tcrypt), ("a s none tcrypt-veracrypt", .tcrypt),
        ("a s none swap", .other("swap")), ("a s none", .luks),
    ])
    func knowsTheType(line: String, format: UnlockOptions.Format) {
        #expect(CryptTab(parsing: Array(line.utf8)).entries.first?.options.format == format)
    }

    @Test func readsHowATrueCryptVolumeIsMade() throws {
        let line =
            "a s none tcrypt,tcrypt-system,veracrypt-pim=485,tcrypt-keyfile=/k,tpm2-device=auto"
        let tab = CryptTab(parsing: Array(line.utf8))
        #expect(tab.complaints.isEmpty)
        let options = try #require(tab.entries.first?.options.tcrypt)
        #expect(options.isSystem && !options.isHidden)
        #expect(options.pim == 485)
        #expect(options.keyfiles == ["/k"])
    }
}
