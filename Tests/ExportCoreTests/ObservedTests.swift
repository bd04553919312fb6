import ExportCore
import Testing

struct ObservedTests {
    @Test func `a backstore says what it is, in the kernel's words`() {
        // Linux 6.1, `cat info`.
        let info = BackstoreInfo(
            """
            Status: ACTIVATED  Max Queue Depth: 0  SectorSize: 512  HwMaxSectors: 4294967288
                    iBlock device: vda  UDEV PATH: /dev/vda  readonly: 1
                    Major: 254 Minor: 16  CLAIMED: IBLOCK
            """)
        #expect(info.path == "/dev/vda")
        #expect(info.isReadOnly)
        #expect(info.device == DeviceNumber(major: 254, minor: 16))
    }

    @Test(arguments: ["", "Status: DEACTIVATED", "Major: 0 Minor: 0", "Major: x", "readonly: 2"])
    func `one without a device has none`(text: String) {
        let info = BackstoreInfo(text)
        #expect(info.path == nil && info.device == nil && !info.isReadOnly)
    }

    @Test func `the serial number is what stands after its label`() {
        var observed = Observed()
        observed.attributes["core/iblock_0/x/wwn/vpd_unit_serial"] =
            "T10 VPD Unit Serial Number: f9ce7dd6"
        #expect(observed.serial(of: "core/iblock_0/x") == "f9ce7dd6")
        #expect(
            observed.shows(
                .write(.text("f9ce7dd6"), to: "core/iblock_0/x/wwn/vpd_unit_serial")))
        #expect(
            !observed.shows(.write(.text("dd6"), to: "core/iblock_0/x/wwn/vpd_unit_serial")))
    }

    @Test func `sessions of listed initiators are told with their address`() {
        // Linux 6.1, `cat acls/*/info`.
        let text = """
            InitiatorName: iqn.1993-08.org.debian:01:a
            InitiatorAlias: newer
            LIO Session ID: 2   ISID: 0x00 02 3d 00 00 00  TSIH: 2  SessionType: Normal
            Session State: TARG_SESS_STATE_LOGGED_IN
            ---------------------[iSCSI Session Values]-----------------------
              CmdSN/WR  :  CmdSN/WC  :  ExpCmdSN  :  MaxCmdSN  :     ITT    :     TTT
            ----------------------[iSCSI Connections]-------------------------
            CID: 0  Connection State: TARG_CONN_STATE_LOGGED_IN
               Address 198.51.100.2 TCP  StatSN: 0x12345678
            """
        #expect(
            Session(info: text)
                == Session(initiator: "iqn.1993-08.org.debian:01:a", address: "198.51.100.2"))
        #expect(Session(info: "No active iSCSI Session for Initiator Endpoint: x") == nil)
        #expect(
            Session.dynamic("iqn.a:1\n\0iqn.b:2\n\0").map(\.initiator) == ["iqn.a:1", "iqn.b:2"])
        #expect(Session.dynamic("") == [])
    }

    @Test(arguments: [
        ("core/iblock_0/davit.t.1", "t"), ("core/iblock_0/davit.bch-0.12", "bch-0"),
        ("core/iblock_0/davit.t", nil), ("core/iblock_0/davit..1", nil),
        ("core/iblock_0/davit.t.x", nil),
        ("core/iblock_0/davit", nil), ("core/iblock_0/davit.", nil), ("core/fileio_0/disk.1", nil),
    ])
    func `a backstore belongs to the export in its name`(path: String, name: String?) {
        #expect(Layout.export(ofBackstore: path)?.description == name)
    }

    @Test func `a free adapter number is found among the taken ones`() {
        var observed = Observed()
        #expect(observed.freeAdapter == 0)
        observed.directories = ["core/iblock_0", "core/fileio_1", "core/iblock_3"]
        #expect(observed.freeAdapter == 2)
    }

    @Test(arguments: [
        ("254:16", DeviceNumber(major: 254, minor: 16)), ("0:0", DeviceNumber(major: 0, minor: 0)),
        ("254", nil), ("254:", nil), (":16", nil), ("254:16:1", nil), ("254:-1", nil), ("", nil),
    ])
    func `a device number is two numbers`(text: String, number: DeviceNumber?) {
        #expect(DeviceNumber(text) == number)
        if let number { #expect(number.description == text) }
    }

    /// The second half of the magic: as bcachefs has it, and as bcache had it.
    @Test(
        arguments: [
            [0x66, 0xCE, 0x90, 0xA9, 0xD9, 0x6A, 0x60, 0xCF, 0x80, 0x3D, 0xF7, 0xEF],
            [0x4E, 0x1A, 0x45, 0xCA, 0x82, 0x65, 0xF5, 0x7F, 0x48, 0xBA, 0x6D, 0x81],
        ] as [[UInt8]])
    func `the members of a bcachefs tell how many they are`(half: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: 8192)
        // The magic, user_uuid, dev_idx and nr_devices of the third of three members of version 1.13.
        bytes.replaceSubrange(
            (4096 + 24)..<(4096 + 40),
            with: [0xC6, 0x85, 0x73, 0xF6] + half)
        bytes.replaceSubrange(
            (4096 + 56)..<(4096 + 72),
            with: [
                0x0A, 0xDD, 0x6C, 0x09, 0x79, 0xCF, 0x4F, 0xC8, 0x80, 0x73, 0x6D, 0x26, 0xC9, 0x00,
                0x99, 0x4B,
            ])
        bytes[4096 + 122] = 2
        bytes[4096 + 123] = 3
        let member = MemberSuperblock(bcachefs: bytes)
        #expect(member?.count == 3 && member?.index == 2)
        #expect(member?.uuid == "0add6c09-79cf-4fc8-8073-6d26c900994b")
        #expect(MemberSuperblock(bcachefs: Array(bytes.prefix(4200))) == nil)
        bytes[4096 + 24] = 0
        #expect(MemberSuperblock(bcachefs: bytes) == nil)
        #expect(MemberSuperblock(btrfs: bytes) == nil)
    }
}
