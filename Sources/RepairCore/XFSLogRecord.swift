/// The blocks of an XFS log, which is a ring.
/// Source: Linux fs/xfs/xfs_log_format.h and libxfs/xfs_log_format.h.
struct XFSLogRing {
    /// Of 512 bytes, as the log counts them whatever the file system's blocks are.
    let count: UInt64

    private let first: UInt64
    private let image: DiskImage

    static let block = 512
    /// XFS_MAX_LOG_BYTES, and the headers of what it holds.
    private static let mostBlocks: UInt64 = 1 << 22
    /// No read is longer: eight records of the largest size, which are all that can be under way.
    static let window: UInt64 = 4096

    /// `nil` where the superblock does not say where in this file system the log lies.
    init?(_ superblock: DiskBytes, in image: DiskImage) {
        let blockSize = UInt64(superblock.be32(4))
        let start = superblock.be64(48)
        let groupShift = UInt64(superblock.u8(124))
        guard start != 0, (512...65536).contains(blockSize), groupShift < 32 else { return nil }
        let group = start >> groupShift
        guard group < UInt64(superblock.be32(88)) else { return nil }
        let within = start & (1 << groupShift - 1)
        first = (group * UInt64(superblock.be32(84)) + within) &* blockSize
        count = UInt64(superblock.be32(96)) * blockSize / UInt64(Self.block)
        self.image = image
        guard (2...Self.mostBlocks).contains(count) else { return nil }
    }

    /// `length` blocks from `number` on, around the end where they reach it.
    func read(_ number: UInt64, _ length: UInt64 = 1) -> DiskBytes? {
        guard (1...min(count, Self.window)).contains(length) else { return nil }
        let start = number % count
        let here = min(length, count - start)
        guard let bytes = straight(start, here) else { return nil }
        guard here < length else { return bytes }
        return straight(0, length - here).map { DiskBytes(bytes.bytes + $0.bytes) }
    }

    private func straight(_ number: UInt64, _ length: UInt64) -> DiskBytes? {
        let (offset, overflows) = first.addingReportingOverflow(number * UInt64(Self.block))
        return overflows ? nil : image.read(offset, Int(length) * Self.block)
    }

    /// The turn in which a block was written. Each begins with it, but for a record's header, which has it second.
    func cycle(_ number: UInt64) -> UInt32? { read(number).map { Self.cycle($0, 0) } }

    /// The first block of a turn in a range that is no longer than the window; the range's end where there is none.
    func first(of cycle: UInt32, in range: Range<UInt64>) -> UInt64? {
        guard !range.isEmpty else { return range.upperBound }
        guard let bytes = read(range.lowerBound, UInt64(range.count)) else { return nil }
        return range.first { Self.cycle(bytes, Int($0 - range.lowerBound) * Self.block) == cycle }
            ?? range.upperBound
    }

    private static func cycle(_ bytes: DiskBytes, _ at: Int) -> UInt32 {
        bytes.be32(at) == XFSLogRecord.magic ? bytes.be32(at + 4) : bytes.be32(at)
    }
}

/// The header of one record of an XFS log.
struct XFSLogRecord {
    static let magic: UInt32 = 0xFEED_BABE
    /// Of 256 KiB, with nine blocks of headers at most.
    static let mostBlocks: UInt64 = 521

    let block: UInt64
    /// Blocks of headers, and all blocks.
    let headers, length: UInt64

    private let bytes: DiskBytes
    /// Of what follows the headers.
    private let payload: Int

    private static let perHeader: UInt32 = 32768
    private static let size = 328
    /// As machines of 32 bits lay the same header out, without what fills it up.
    private static let otherSize = 324
    private static let extensionSize = 4 + 4 * 64

    /// `nil` for a block that is no header, or has lengths that no header has.
    init?(_ bytes: DiskBytes, at block: UInt64) {
        guard bytes.be32(0) == Self.magic else { return nil }
        let isSecondVersion = bytes.be32(8) & 2 != 0
        let kept = isSecondVersion ? bytes.be32(320) : 0
        headers = max(1, UInt64(kept / Self.perHeader) + (kept % Self.perHeader > 0 ? 1 : 0))
        payload = Int(bytes.be32(12))
        length = headers + (UInt64(payload) + 511) / 512
        guard length <= Self.mostBlocks, payload > 0 else { return nil }
        self.block = block
        self.bytes = bytes
    }

    /// Cycle in the upper half, block in the lower.
    var sequence: UInt64 { bytes.be64(16) }
    /// That of the first record whose changes have not all reached their places.
    var tail: UInt64 { bytes.be64(24) }
    var operations: UInt32 { bytes.be32(40) }
    /// 1 for the little end first, 2 for the big one.
    var byteOrder: UInt32 { bytes.be32(300) }
    var owner: ArraySlice<UInt8> { bytes.bytes.dropFirst(304).prefix(16) }

    /// Whether it says that the file system was closed in order.
    func isUnmount(in ring: XFSLogRing) -> Bool? {
        guard operations == 1 else { return false }
        return ring.read(block + headers).map { $0.u8(9) & 0x20 != 0 }
    }

    /// Whether all of it was written; `true` where it has no checksum.
    func isWhole(in ring: XFSLogRing) -> Bool? {
        let expected = bytes.le32(32)
        guard expected != 0 else { return true }
        guard let all = ring.read(block, length) else { return nil }
        let data = Int(headers) * XFSLogRing.block
        return [Self.size, Self.otherSize].contains { size in
            var crc = all.crc32c(0..<size, zeroed: 32..<36)
            // Of the further headers only those that the data needs.
            for further in 1..<max(1, (payload + 32767) / 32768) where further < Int(headers) {
                let at = further * XFSLogRing.block
                crc = all.crc32c(at..<(at + Self.extensionSize), seed: crc)
            }
            return ~all.crc32c(data..<(data + payload), seed: crc) == expected
        }
    }
}
