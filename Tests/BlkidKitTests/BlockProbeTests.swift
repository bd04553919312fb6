import BlkidKit
import Foundation
import Testing

@Suite struct BlockProbeTests {
    /// A LUKS2 header's first 4 KiB as libblkid needs it. Source: cryptsetup docs/on-disk-format-luks2.
    private func image() -> Data {
        var bytes = Data(count: 1 << 20)
        func put(_ text: String, at offset: Int) {
            bytes.replaceSubrange(offset..<offset + text.utf8.count, with: Data(text.utf8))
        }
        put("LUKS", at: 0)
        bytes[4] = 0xBA
        bytes[5] = 0xBE
        // version, big-endian
        bytes[7] = 2
        // label, 48 bytes
        put("vault", at: 24)
        // uuid, 40 bytes
        put("9d3f1ab8-5d0c-4a5a-bd6f-3f7d2a9f8e11", at: 168)
        return bytes
    }

    private func withImage(_ content: Data, _ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "/davit-blkid-\(UUID().uuidString)"
        try content.write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func recognisesLUKS() throws {
        try withImage(image()) { path in
            let found = try #require(try BlockProbe.look(at: path))
            #expect(found.type == "crypto_LUKS")
            #expect(found.usage == "crypto")
            #expect(found.version == "2")
            #expect(found.label == "vault")
            #expect(found.uuid == "9d3f1ab8-5d0c-4a5a-bd6f-3f7d2a9f8e11")
        }
    }

    @Test func recognisesNothingInZeros() throws {
        try withImage(Data(count: 1 << 20)) { path in
            let found = try BlockProbe.look(at: path)
            #expect(found == nil)
        }
    }

    @Test func namesWhatIsNotThere() {
        let error = #expect(throws: BlkidError.self) { _ = try BlockProbe.look(at: "/no/disk") }
        #expect(error?.description == "/no/disk cannot be opened: No such file or directory.")
    }

    @Test(
        arguments: [
            ("UUID=9D3F-11", "/dev/b"), ("LABEL=\"my disk\"", "/dev/a"),
            ("PARTUUID=AA-02", "/dev/b"),
            ("PARTLABEL=efi", "/dev/a"), ("UUID=none", nil), ("/dev/null", "/dev/null"),
            ("/no/such", nil),
        ] as [(String, String?)])
    func resolves(spec: String, device: String?) {
        var first = Superblock()
        first.label = "my disk"
        first.partitionLabel = "efi"
        var second = Superblock()
        second.uuid = "9d3f-11"
        second.partitionUUID = "aa-02"
        let found = [("/dev/a", first), ("/dev/b", second)].map { (path: $0.0, superblock: $0.1) }
        #expect(DeviceSpec.resolve(spec, among: { found }) == device)
    }

    /// Two LUKS devices, one of them by two paths as with multipath, and what is open inside one.
    private static let disks: [DeviceSpec.Found] = [
        ("/dev/sda2", "crypto_LUKS", "6f3c12ce-1c41-4f0e-9a1a-3b9a3f6f9a00", "aabbccdd-02"),
        ("/dev/sdb", "crypto_LUKS", "6f3c77aa-1c41-4f0e-9a1a-3b9a3f6f9a00", ""),
        ("/dev/dm-0", "crypto_LUKS", "da710000-1ab0-4000-8000-000000000001", ""),
        ("/dev/sdc", "crypto_LUKS", "da710000-1ab0-4000-8000-000000000001", "aabb0000-01"),
        ("/dev/dm-1", "ext4", "da71ffff-1ab0-4000-8000-000000000001", ""),
    ].map { path, type, uuid, partition in
        var superblock = Superblock()
        (superblock.type, superblock.uuid) = (type, uuid)
        superblock.partitionUUID = partition
        return (path, superblock)
    }

    @Test(
        arguments: [
            ("UUID=6f3c1*", .at("/dev/sda2")), ("UUID=6F3C-12CE1C*", .at("/dev/sda2")),
            ("UUID=6f3c*", .ambiguous(["/dev/sda2", "/dev/sdb"])), ("UUID=7*", .missing),
            ("UUID=da71*", .at("/dev/dm-0")), ("UUID=da71ffff*", .missing),
            ("PARTUUID=aabbcc*", .at("/dev/sda2")),
            ("PARTUUID=aabb*", .ambiguous(["/dev/sda2", "/dev/sdc"])),
            ("PARTUUID=00*", .missing), ("SERIAL=S1", .at("/dev/sda2")),
            ("SERIAL=WD-77", .at("/dev/sdb")), ("SERIAL=S", .ambiguous(["/dev/sda2", "/dev/sdc"])),
            ("SERIAL=none", .missing), ("SERIAL=", .missing),
        ] as [(String, DeviceSpec.Place)])
    func findsWhatIsNamedInPart(spec: String, place: DeviceSpec.Place) {
        let serials = ["/dev/sda2": "S1", "/dev/sdb": "ATA-WD-77X", "/dev/sdc": "S12"]
        let found = DeviceSpec.look(
            for: spec, among: { Self.disks }, serial: { serials[$0] })
        #expect(found == place)
    }
}
