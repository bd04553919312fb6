/// The journal of one bcachefs member, read without replaying it.
/// Source: bcachefs fs/bcachefs_format.h (struct jset), journal_io.c (journal_read_bucket).
enum BcachefsJournal {
    /// Checksum, magic, sequence, version, flags, length, clocks, last sequence.
    private static let header = 56
    /// Entries in one bucket beyond this are not those of a sound journal.
    private static let mostEntries = 4096

    /// The entries that a recovery would replay, as far as this member knows; `nil` when it holds none.
    static func range(
        _ block: BcachefsSuperblock, _ image: DiskImage
    ) -> ClosedRange<UInt64>? {
        guard block.blockSize > 0, block.bucketSize >= block.blockSize else { return nil }
        var newest: (sequence: UInt64, oldestNeeded: UInt64) = (0, 0)
        for bucket in block.journalBuckets {
            let (start, overflows) = bucket.multipliedReportingOverflow(by: block.bucketSize)
            guard !overflows else { continue }
            var at: UInt64 = 0
            for _ in 0..<mostEntries where at < block.bucketSize {
                guard let entry = image.read(start &+ at, header),
                    entry.le64(16) == block.journalMagic
                else { break }
                if entry.le64(24) > newest.sequence {
                    newest = (entry.le64(24), entry.le64(48))
                }
                let length = UInt64(entry.le32(40)) * 8 + UInt64(header)
                at += (length + block.blockSize - 1) / block.blockSize * block.blockSize
            }
        }
        guard newest.sequence > 0, newest.oldestNeeded <= newest.sequence else { return nil }
        return newest.oldestNeeded...newest.sequence
    }
}
