/// The superblock of one bcachefs member.
/// Source: bcachefs fs/bcachefs_format.h (struct bch_sb), sb-members_format.h, sb-errors_format.h.
struct BcachefsSuperblock {
    let uuid: String
    let label: String
    /// `1.13`
    let version: String
    let memberIndex: Int
    let members: [FileSystem.Slot]
    let isClean: Bool
    let hasErrors: Bool
    let checksumFits: Bool?
    private(set) var size: UInt64 = 0
    private(set) var cleanSequence: UInt64?
    private(set) var recordedErrors: UInt64 = 0
    private(set) var lastErrorAt: UInt64?
    private(set) var lastMountedAt: UInt64?
    /// Bytes of one bucket of this member.
    private(set) var bucketSize: UInt64 = 0
    /// Buckets of the journal of this member.
    private(set) var journalBuckets: [UInt64] = []
    /// What every journal entry begins with.
    let journalMagic: UInt64
    /// In bytes.
    let blockSize: UInt64

    private static let offset: UInt64 = 4096
    private static let headerSize = 752
    private static let mostBytes = 1 << 20
    private static let mostJournalBuckets = 65536

    init?(in image: DiskImage) {
        guard let header = image.read(Self.offset, Self.headerSize),
            Self.hasMagic(header)
        else { return nil }
        let size = Self.headerSize + Int(header.le32(124)) * 8
        guard size <= Self.mostBytes, let block = image.read(Self.offset, size) else { return nil }
        let version = block.le16(16)
        self.version = "\(version >> 10).\(version & 0x3ff)"
        uuid = block.uuid(56)
        label = block.text(72, 32)
        memberIndex = Int(block.u8(122))
        let flags = block.le64(144)
        isClean = flags & 2 != 0
        hasErrors = flags >> 60 & 3 != 0
        blockSize = UInt64(block.le16(120)) * 512
        journalMagic = block.le64(40) ^ 0x2452_35c1_a362_5032
        // Checksum types of bch_csum_type: 1 begins with ones and is inverted, 5 does neither.
        checksumFits =
            switch flags >> 2 & 0x3f {
            case 1: ~block.crc32c(16..<size) == block.le32(0)
            case 5: block.crc32c(16..<size, seed: 0) == block.le32(0)
            default: nil
            }
        let fields = Self.fields(block)
        members = Self.members(fields, count: Int(block.u8(123)))
        if let member = Self.member(fields, memberIndex) {
            bucketSize = UInt64(member.le16(26)) * 512
            self.size = member.le64(16) &* bucketSize
            lastMountedAt = member.le64(32) == 0 ? nil : member.le64(32)
        }
        if let clean = fields[6], isClean { cleanSequence = clean.le64(16) }
        readErrors(fields[12])
        readJournal(fields[9], fields[0])
    }

    /// BCHFS_MAGIC, and the magic of bcache that the first versions used.
    private static func hasMagic(_ header: DiskBytes) -> Bool {
        let magic: [UInt8] = [
            0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9, 0xd9, 0x6a, 0x60, 0xcf, 0x80, 0x3d,
            0xf7,
            0xef,
        ]
        let older: [UInt8] = [
            0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca, 0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba,
            0x6d,
            0x81,
        ]
        let found = (24..<40).map { header.u8($0) }
        return found == magic || found == older
    }

    /// The variable part: fields of a size in units of eight bytes and a type each.
    private static func fields(_ block: DiskBytes) -> [UInt32: DiskBytes] {
        var fields: [UInt32: DiskBytes] = [:]
        var at = headerSize
        while at + 8 <= block.count {
            let size = Int(block.le32(at)) * 8
            guard size >= 8, size <= block.count - at else { break }
            fields[block.le32(at + 4)] = DiskBytes(Array(block.bytes[at..<(at + size)]))
            at += size
        }
        return fields
    }

    /// members_v2 says how long an entry is; in members_v1 it is 56 bytes.
    private static func member(_ fields: [UInt32: DiskBytes], _ index: Int) -> DiskBytes? {
        let newer = fields[11]
        guard let field = newer ?? fields[1] else { return nil }
        let size = newer == nil ? 56 : Int(field.le16(8))
        let at = (newer == nil ? 8 : 16) + index * size
        guard size >= 56, at + size <= field.count else { return nil }
        return DiskBytes(Array(field.bytes[at..<(at + size)]))
    }

    /// A member that was removed leaves its place with a UUID of zeros.
    private static func members(
        _ fields: [UInt32: DiskBytes], count: Int
    ) -> [FileSystem.Slot] {
        (0..<count).compactMap { index in
            guard let member = member(fields, index), member.le64(0) | member.le64(8) != 0 else {
                return nil
            }
            return FileSystem.Slot(index: index, uuid: member.uuid(0))
        }
    }

    /// One entry for each kind of error: kind and count in one word, then when it was last seen.
    private mutating func readErrors(_ field: DiskBytes?) {
        guard let field else { return }
        for at in stride(from: 8, to: field.count - 15, by: 16) {
            recordedErrors &+= field.le64(at) >> 16
            let time = field.le64(at + 8)
            if time > lastErrorAt ?? 0 { lastErrorAt = time }
        }
    }

    /// journal_v2 has ranges of buckets; the older journal field has each.
    private mutating func readJournal(_ ranges: DiskBytes?, _ single: DiskBytes?) {
        if let ranges {
            for at in stride(from: 8, to: ranges.count - 15, by: 16) {
                let count = min(ranges.le64(at + 8), UInt64(Self.mostJournalBuckets))
                for bucket in 0..<count where journalBuckets.count < Self.mostJournalBuckets {
                    journalBuckets.append(ranges.le64(at) &+ bucket)
                }
            }
        } else if let single {
            journalBuckets = stride(from: 8, to: single.count - 7, by: 8)
                .prefix(Self.mostJournalBuckets).map { single.le64($0) }
        }
    }
}
