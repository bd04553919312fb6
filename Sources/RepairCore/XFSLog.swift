/// Whether the log of an XFS holds changes: it does not when its last record is that of an unmount.
/// Source: Linux fs/xfs/xfs_log_recover.c, xlog_find_tail and xlog_check_unmount_rec.
struct XFSLog {
    let isEmpty: Bool
    /// The log sequence number of the last record: cycle in the upper half, block in the lower.
    let lastRecord: UInt64

    private static let block: UInt64 = 512
    private static let magic: UInt32 = 0xFEED_BABE
    /// A record has at most 256 KiB, and at most 256 KiB more of headers.
    private static let furthestBack: UInt64 = 1024

    /// `nil` for an external log and where the log cannot be read.
    init?(superblock: DiskBytes, in image: DiskImage) {
        let blockSize = UInt64(superblock.be32(4))
        let start = superblock.be64(48)
        let groupShift = UInt64(superblock.u8(124))
        guard start != 0, (512...65536).contains(blockSize), groupShift < 32 else { return nil }
        let group = start >> groupShift
        let within = start & (1 << groupShift - 1)
        guard group < UInt64(superblock.be32(88)) else { return nil }
        let first = (group * UInt64(superblock.be32(84)) + within) &* blockSize
        let count = UInt64(superblock.be32(96)) * blockSize / Self.block
        guard count >= 2 else { return nil }

        func read(_ number: UInt64) -> DiskBytes? {
            image.read(first &+ number % count * Self.block, Int(Self.block))
        }
        /// Every block begins with the cycle in which it was written, or is a record's header, which has it next.
        func cycle(_ number: UInt64) -> UInt32? {
            read(number).map { $0.be32(0) == Self.magic ? $0.be32(4) : $0.be32(0) }
        }

        guard let newest = cycle(0), let oldest = cycle(count - 1) else { return nil }
        // The head is where the cycle falls: blocks before it are of this turn, those behind it of the last one.
        var low: UInt64 = 0
        var high = count
        if newest != oldest {
            while high - low > 1 {
                let middle = low + (high - low) / 2
                guard let found = cycle(middle) else { return nil }
                if found == newest { low = middle } else { high = middle }
            }
        }
        let head = high

        for back in 1...min(Self.furthestBack, count) {
            let number = (head + count - back) % count
            guard let header = read(number) else { return nil }
            guard header.be32(0) == Self.magic else { continue }
            lastRecord = header.be64(16)
            let headers = max(1, (UInt64(header.be32(320)) + 32767) / 32768)
            guard let operation = read(number + headers) else { return nil }
            let isUnmount = header.be32(40) == 1 && operation.u8(9) & 0x20 != 0
            let length = headers + (UInt64(header.be32(12)) + 511) / 512
            isEmpty = isUnmount && (number + length) % count == head % count
            return
        }
        return nil
    }
}
