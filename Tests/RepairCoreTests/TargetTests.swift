import Testing

@testable import RepairCore

/// What a UUID or a label leads to.
struct TargetTests {
    private func device(
        _ system: FileSystem? = nil, copy: FileSystem? = nil, mark: LayerMark? = nil
    ) -> LookedAt {
        var device = LookedAt(path: "/dev/sda")
        device.systems = system.map { [$0] } ?? []
        device.copies = copy.map { [$0] } ?? []
        device.mark = mark
        return device
    }

    private var system: FileSystem {
        var system = FileSystem(backend: "ext", type: "ext4")
        system.uuid = "0A1B2C3D-0000-1111-2222-333344445555"
        system.label = "root"
        return system
    }

    @Test(
        arguments: [
            ("0a1b2c3d-0000-1111-2222-333344445555", true), ("root", true), ("LABEL=root", true),
            ("UUID=0A1B2C3D-0000-1111-2222-333344445555", true), ("UUID=root", false),
            ("LABEL=0a1b2c3d-0000-1111-2222-333344445555", false), ("Root", false), ("", false),
            ("LABEL=", false), ("UUID=", false),
        ])
    func fileSystems(_ target: String, _ fits: Bool) {
        #expect(device(system).match(target) == (fits ? .fileSystem : nil))
        // Found by the copy alone, when the first superblock is lost.
        #expect(device(copy: system).match(target) == (fits ? .copy : nil))
    }

    /// A label may look like anything; only UUID= and LABEL= say what is meant.
    @Test(arguments: [
        ("LABEL=a=b", true), ("a=b", true), ("b", false), ("PARTLABEL=a=b", false),
        ("LABEL=b", false), ("UUID=a=b", false),
    ])
    func equalsSigns(_ target: String, _ fits: Bool) {
        var system = system
        system.label = "a=b"
        #expect(device(system).match(target) == (fits ? .fileSystem : nil))
        // What another table calls so is not what a file system calls itself.
        #expect(device(self.system).match("PARTLABEL=root") == nil)
    }

    @Test func layers() {
        var array = LayerMark(.md, uuid: "11223344:55667788:99aabbcc:ddeeff00")
        array.name = "host:data"
        array.place = "0"
        // As mdadm, and as libblkid and udev write it.
        for target in [
            "11223344:55667788:99aabbcc:ddeeff00", "UUID=11223344-5566-7788-99aa-bbccddeeff00",
            "host:data", "LABEL=data",
        ] { #expect(device(mark: array).match(target) == .layer, "\(target)") }
        #expect(device(mark: array).match("0") == nil, "a place is no name")

        var group = LayerMark(.lvm, uuid: "Abcdef-0123-4567-89ab-cdef-0123-456789")
        group.name = "store"
        group.place = "Xyzabc012345678901234567890123ab"
        for target in [
            "Abcdef-0123-4567-89ab-cdef-0123-456789", "store",
            "UUID=Xyzabc-0123-4567-8901-2345-6789-0123ab",
        ] { #expect(device(mark: group).match(target) == .layer, "\(target)") }

        let locked = LayerMark(.luks, uuid: "deadbeef-0000-0000-0000-000000000000")
        #expect(device(mark: locked).match("UUID=DEADBEEF-0000-0000-0000-000000000000") == .layer)
        #expect(device(mark: locked).match("") == nil)
        #expect(LookedAt.Match.layer < .copy && LookedAt.Match.copy < .fileSystem)
    }
}
