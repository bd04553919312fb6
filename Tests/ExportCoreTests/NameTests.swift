import ExportCore
import Testing

struct NameTests {
    @Test(arguments: [
        "iqn.1993-08.org.debian:01:abcdef", "iqn.2003-01.org.linux-iscsi.server.davit:t",
        "eui.02004567a425678d", "naa.52004567ba64678d", "naa.62004567ba64678d0123456789abcdef",
        "iqn.2001-04.com.example",
    ])
    func `an iSCSI name is taken`(text: String) throws {
        #expect(try IQN(text).description == text)
        #expect(try IQN(text.uppercased()).description == text)
    }

    @Test(arguments: [
        "", "server", "iqn.", "iqn.2001", "iqn.2001-13.com.example", "iqn.2001-04.",
        "iqn.2001-04.:x", "iqn.2001-00.com.example",
        "iqn.2001-04.com.example:a b", "iqn.2001-04.com.example/..", "eui.0200", "naa.xyz",
        "iqn.2001-04.com.example:" + String(repeating: "x", count: 210),
    ])
    func `what is none is refused`(text: String) {
        #expect(throws: Refusal.noIQN(text)) { try IQN(text) }
    }

    @Test(arguments: [
        ("Server.Example.ORG", "iqn.2003-01.org.linux-iscsi.server.example.org.davit:disks"),
        ("böse_", "iqn.2003-01.org.linux-iscsi.b-se-.davit:disks"),
        (
            String(repeating: "h", count: 65),
            "iqn.2003-01.org.linux-iscsi." + String(repeating: "h", count: 64) + ".davit:disks"
        ),
        ("(none)", "iqn.2003-01.org.linux-iscsi.host.davit:disks"),
    ])
    func `a target is named after the host, and known again`(host: String, name: String) throws {
        let iqn = IQN(export: try ExportName("disks"), host: host)
        #expect(iqn.description == name)
        #expect(try IQN(name).export?.description == "disks")
    }

    @Test func `somebody else's target belongs to no export`() throws {
        #expect(try IQN("iqn.2003-01.org.linux-iscsi.server.x8664:sn.1234").export == nil)
    }

    @Test(arguments: [
        ("/dev/mapper/bch0", "bch0"), ("/dev/disk/by-id/wwn-0x5000.A", "wwn-0x5000-a"),
        ("/", "disks"),
        ("/dev/mapper/" + String(repeating: "x", count: 40), String(repeating: "x", count: 32)),
    ])
    func `an export without a name is called after its first device`(path: String, name: String)
        throws
    {
        #expect(ExportName(derivedFrom: path).description == name)
        _ = try ExportName(name)
    }

    @Test(arguments: ["a", "z", "0", "9", "-", String(repeating: "x", count: 32)])
    func `a name of any of its characters is taken`(text: String) throws {
        #expect(try ExportName(text).description == text)
    }

    @Test(arguments: ["", "A", "a b", "../x", "a.b", String(repeating: "x", count: 33)])
    func `other names are refused`(text: String) {
        #expect(throws: Refusal.badName(text)) { try ExportName(text) }
    }

    @Test func `serial numbers of similar disks differ within the digits that the initiator sees`()
    {
        let serials = ["name vda", "name vdb", "name vdc", "wwid disk-x", "wwid disk-y", "", "a"]
            .map {
                DiskIdentity($0).serial
            }
        #expect(serials.allSatisfy { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
        #expect(Set(serials.map { $0.prefix(25) }).count == serials.count)
        #expect(Set(serials.map { $0.prefix(6) }).count == serials.count)
    }

    @Test func `a serial number never changes from one version of davit to the next`() {
        let serial = UnitSerial(DiskIdentity("wwid naa.5000c500a1b2c3d4").serial)
        #expect(DiskIdentity("wwid naa.5000c500a1b2c3d4").isLasting)
        #expect(serial.digits == "bc7da0ea701f625a99ec220486fd6c5f")
        #expect(serial.byID == "/dev/disk/by-id/wwn-0x6001405" + serial.digits.prefix(25))
    }
}
