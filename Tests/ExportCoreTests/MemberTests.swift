import Testing

@testable import ExportCore

/// Superblocks of members, laid out field by field.
struct MemberTests {
    private func little(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    @Test func mdOfVersion1() {
        let superblock: [UInt8] =
            little(0xa92b_4efc, 4) + little(1, 4)  // magic, major_version
            + little(1, 4) + zeros(80)  // feature_map: it has a bitmap … size, chunksize
            + little(3, 4)  // raid_disks, at 92
            + zeros(64)
            + little(2, 4)  // dev_number, at 160
            + zeros(92)
            + little(0, 2) + little(0xffff, 2) + little(1, 2)  // dev_roles, from 256 on
        let member = MemberSuperblock(md: superblock[...])
        #expect(member?.count == 3)
        #expect(member?.index == 1)
        #expect(MemberSuperblock(md: superblock.dropLast()[...]) == nil)
        // The number of a slot that is not in the table.
        var wild = superblock
        wild[160...163] = [0xff, 0xff, 0xff, 0xff]
        #expect(MemberSuperblock(md: wild[...]) == nil)
        // A spare has no place in the array: its number tells it from the others.
        var spare = superblock
        spare[260...261] = [0xf0, 0xff]
        #expect(MemberSuperblock(md: spare[...])?.index == 2)
    }

    @Test func btrfs() {
        let superblock: [UInt8] =
            zeros(0x10000) + zeros(0x88)
            + little(3, 8)  // num_devices, at 0x88
            + zeros(0xC9 - 0x90)
            + little(2, 8)  // dev_item.devid, at 0xC9
        let member = MemberSuperblock(btrfs: superblock)
        #expect(member?.count == 3)
        #expect(member?.index == 2)
        #expect(member?.uuid == nil, "libblkid knows it")
        #expect(MemberSuperblock(btrfs: superblock.dropLast()) == nil)
        #expect(superblock.count <= MemberSuperblock.length, "all of it is looked at")
    }

    @Test func mdOfVersion090() {
        let superblock: [UInt8] =
            little(0xa92b_4efc, 4) + little(0, 4)  // md_magic, major_version
            + zeros(32) + little(2, 4)  // raid_disks, at 40
            + zeros(3968 - 44)
            + little(5, 4) + little(8, 4) + little(1, 4)  // this_disk: number, major, minor
            + little(1, 4)  // raid_disk
        #expect(MemberSuperblock(oldMD: superblock[...])?.count == 2)
        #expect(MemberSuperblock(oldMD: superblock[...])?.index == 1)
        #expect(MemberSuperblock(md: superblock[...]) == nil)
        // The same place and magic, but of version 1.
        var newer = superblock
        newer[4] = 1
        #expect(MemberSuperblock(oldMD: newer[...]) == nil)
        #expect(MemberSuperblock(oldMD: zeros(4096)[...]) == nil)
    }

    static let uuid = "Xq2SV3c0h8m1YbRzpLd4WtK9nJ6fGs5e"

    private func physicalVolume() -> [UInt8] {
        zeros(512)  // sector 0
            + Array("LABELONE".utf8) + little(1, 8)  // id, sector
            + little(0, 4) + little(32, 4)  // crc, offset of what follows the label
            + Array("LVM2 001".utf8)
            + Array(Self.uuid.utf8)  // pv_uuid
            + little(1 << 30, 8)  // device_size
            + little(1 << 20, 8) + little(0, 8) + zeros(16)  // data areas
            + little(4096, 8) + little(1_044_480, 8) + zeros(16)  // descriptions
    }

    private func areaHeader(offset: UInt64, length: UInt64) -> [UInt8] {
        little(0, 4) + Array(" LVM2 x[5A%r0N*>".utf8)  // checksum, magic
            + little(1, 4) + little(4096, 8) + little(1_044_480, 8)  // version, start, size
            + little(offset, 8) + little(length, 8) + zeros(456)  // raw_locn
    }

    @Test func volumeGroup() throws {
        let place = try #require(VolumeGroup.Location(physicalVolume()))
        #expect(place.member == Self.uuid)
        #expect(place.header == 4096 && place.size == 1_044_480)
        let text = try #require(place.text(areaHeader(offset: 2048, length: 1200)))
        #expect(text.offset == 6144 && text.length == 1200)
        // Of two labels LVM takes the first; the other is left from another use of the disk.
        let used = physicalVolume() + zeros(1024 - physicalVolume().count)
        let old = physicalVolume().dropFirst(512).map { $0 == UInt8(ascii: "X") ? 120 : $0 }
        #expect(VolumeGroup.Location(used + old)?.member == Self.uuid)
        #expect(VolumeGroup.Location(zeros(1024) + old)?.member == "x" + Self.uuid.dropFirst())
        // A length that no description has, an offset beyond the area, another magic.
        #expect(place.text(areaHeader(offset: 2048, length: 1 << 40)) == nil)
        #expect(place.text(areaHeader(offset: 2_000_000, length: 100)) == nil)
        #expect(place.text(zeros(512)) == nil)

        let group = try #require(
            VolumeGroup(
                Array(
                    """
                    vg0 {
                    id = "AAAAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGGGG"
                    seqno = 2
                    format = "lvm2" # informational
                    physical_volumes {

                    pv0 {
                    id = "ZZZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZZZ"
                    device = "/dev/sda {"
                    }
                    pv1 {
                    id = "Xq2SV3-c0h8-m1Yb-RzpL-d4Wt-K9nJ-6fGs5e"
                    }
                    }
                    logical_volumes {
                    root {
                    id = "YYYYYY-YYYY-YYYY-YYYY-YYYY-YYYY-YYYYYY"
                    }
                    }
                    }
                    """.utf8)))
        #expect(group.name == "vg0")
        #expect(group.uuid == "AAAAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGGGG")
        #expect(group.members.count == 2)
        let member = try #require(MemberSuperblock(group, member: place.member))
        #expect(member.count == 2 && member.index == 1 && member.uuid == group.uuid)
        #expect(MemberSuperblock(group, member: "other") == nil)
    }

    @Test(arguments: ["", "vg0 {", "}\n}\n}", "a {\nid = \"x\"\n}"])
    func noVolumeGroup(text: String) { #expect(VolumeGroup(Array(text.utf8)) == nil) }

    /// Made with 'pvcreate --pvmetadatacopies 0': another member has the text.
    @Test func noDescription() {
        var volume = physicalVolume()
        volume.removeLast(32)
        #expect(VolumeGroup.Location(volume + zeros(64)) == nil)
    }

    /// Wherever a label is cut, nothing is read beyond its end.
    @Test func cutLabel() {
        let whole = physicalVolume()
        for length in 0..<whole.count { _ = VolumeGroup.Location(Array(whole[..<length])) }
        #expect(VolumeGroup.Location(whole) != nil)
    }
}
