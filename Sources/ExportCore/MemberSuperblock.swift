/// What a member of a file system over several disks says of itself and the others, out of its first bytes.
package struct MemberSuperblock: Equatable, Sendable {
    /// How many members the file system has, here or not.
    package let count: Int
    /// This one's number among them.
    package let index: Int
    /// The UUID that people know the file system by; `nil` where libblkid is to be asked.
    package let uuid: String?

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

    private static func little64(_ bytes: [UInt8], _ offset: Int) -> UInt64? {
        guard bytes.count >= offset + 8 else { return nil }
        return bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
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
