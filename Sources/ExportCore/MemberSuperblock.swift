/// What a member of a file system over several disks, an array or a volume group says of itself and the others.
package struct MemberSuperblock: Equatable, Sendable {
    /// How many members the file system has, here or not.
    package let count: Int
    /// This one's number among them.
    package let index: Int
    /// The UUID that people know the whole by; `nil` where libblkid is to be asked.
    package let uuid: String?
    /// The name of a volume group.
    package private(set) var name: String?

    /// As much of the disk as is looked at, from its start.
    package static let length = 0x10000 + 4096

    /// A member of a bcachefs. libblkid knows those only that are older than 2023.
    ///
    /// struct bch_sb at 4096: the magic at 24, user_uuid at 56, dev_idx at 122, nr_devices at 123.
    /// Source: fs/bcachefs/bcachefs_format.h.
    package init?(bcachefs bytes: [UInt8]) {
        let magics: [[UInt8]] = [
            [
                0xC6, 0x85, 0x73, 0xF6, 0x66, 0xCE, 0x90, 0xA9, 0xD9, 0x6A, 0x60, 0xCF, 0x80, 0x3D,
                0xF7, 0xEF,
            ],
            [
                0xC6, 0x85, 0x73, 0xF6, 0x4E, 0x1A, 0x45, 0xCA, 0x82, 0x65, 0xF5, 0x7F, 0x48, 0xBA,
                0x6D, 0x81,
            ],
        ]
        guard bytes.count > 4096 + 123,
            magics.contains(Array(bytes[(4096 + 24)..<(4096 + 40)]))
        else { return nil }
        count = Int(bytes[4096 + 123])
        index = Int(bytes[4096 + 122])
        uuid = Self.text(bytes[(4096 + 56)..<(4096 + 72)])
    }

    /// A member of a btrfs.
    ///
    /// struct btrfs_super_block at 0x10000: num_devices at 0x88, dev_item with its devid at 0xC9.
    /// Source: include/uapi/linux/btrfs_tree.h.
    package init?(btrfs bytes: [UInt8]) {
        guard let devices = Self.little64(bytes, 0x10000 + 0x88),
            let number = Self.little64(bytes, 0x10000 + 0xC9)
        else { return nil }
        count = Int(clamping: devices)
        index = Int(clamping: number)
        uuid = nil
    }

    /// A member of an md array with a superblock of version 1: 4096 bytes into the member (1.2), at its start (1.1) or
    /// near its end (1.0).
    ///
    /// struct mdp_superblock_1: magic, major_version 1; raid_disks at 92, dev_number at 160, dev_roles from 256 on.
    /// Source: include/uapi/linux/raid/md_p.h.
    package init?(md bytes: ArraySlice<UInt8>) {
        guard Self.little(bytes, 0, 4) == 0xa92b_4efc, Self.little(bytes, 4, 4) == 1,
            let disks = Self.little(bytes, 92, 4), let number = Self.little(bytes, 160, 4),
            number < 1024, let role = Self.little(bytes, 256 + 2 * Int(number), 2)
        else { return nil }
        count = Int(clamping: disks)
        // Roles above 0xfff0 are spares and members that have failed.
        index = role < 0xfff0 ? Int(role) : Int(number)
        uuid = nil
    }

    /// A member of an md array with a superblock of version 0.90, 64 KiB to 128 KiB before the member's end, in the byte
    /// order of the machine that made it; little-endian ones are read.
    ///
    /// struct mdp_superblock_s: md_magic, major_version 0; raid_disks at 40, this_disk from 3968 on, its raid_disk at 12.
    package init?(oldMD bytes: ArraySlice<UInt8>) {
        guard Self.little(bytes, 0, 4) == 0xa92b_4efc, Self.little(bytes, 4, 4) == 0,
            let disks = Self.little(bytes, 40, 4), let role = Self.little(bytes, 3968 + 12, 4)
        else { return nil }
        count = Int(clamping: disks)
        index = Int(clamping: role)
        uuid = nil
    }

    /// A physical volume, by the text that describes its group.
    package init?(_ group: VolumeGroup, member: String) {
        guard let index = group.members.firstIndex(of: member) else { return nil }
        count = group.members.count
        self.index = index
        uuid = group.uuid
        name = group.name
    }

    private static func little64(_ bytes: [UInt8], _ offset: Int) -> UInt64? {
        little(bytes[...], offset, 8)
    }

    /// A number of `length` bytes, little-endian; `offset` counts from the start of `bytes`.
    static func little(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ length: Int) -> UInt64? {
        guard offset >= 0, offset <= bytes.count - length else { return nil }
        return bytes.dropFirst(offset).prefix(length).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// 16 bytes as `8-4-4-4-12` hexadecimal digits.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            let digits = String(byte, radix: 16)
            text += digits.utf8.count < 2 ? "0" + digits : digits
        }
        return text
    }
}
