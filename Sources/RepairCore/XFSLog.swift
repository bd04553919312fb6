/// The log of an XFS, read as the kernel reads it before a recovery: where it ends, and which records wait for replay.
/// Source: Linux fs/xfs/xfs_log_recover.c, xlog_find_head, xlog_find_tail and xlog_verify_head.
struct XFSLog {
    /// What waits; `.empty` when the last record is that of an unmount, or nothing was ever written.
    private(set) var journal = FileSystem.Journal.empty
    /// The log sequence number of the last record: cycle in the upper half, block in the lower.
    private(set) var lastRecord: UInt64?

    private let ring: XFSLogRing
    /// The block behind the last record.
    private var head: UInt64

    /// Further back than this from the end there is a header of a record.
    private static let furthestBack: UInt64 = 1024
    /// So many records are written at the same time, and may be torn by a power cut.
    private static let underWay = 8
    /// Four times what a log of 2 GiB holds in records of the usual size.
    private static let mostRecords: UInt64 = 1 << 18

    /// `nil` for a log on another device, and where it cannot be read or has no end.
    init?(superblock: DiskBytes, in image: DiskImage) {
        guard let ring = XFSLogRing(superblock, in: image), let newest = ring.cycle(0) else {
            return nil
        }
        self.ring = ring
        head = 0
        // Nothing of it was ever written: the kernel takes that for an empty log.
        guard newest != 0 else { return }
        guard let end = Self.head(of: ring, newest) else { return nil }
        head = end
        guard var last = record(before: head) else { return nil }
        if !ends(last) {
            // The last one was not written to its end.
            head = last.block
            guard let whole = record(before: head) else { return nil }
            last = whole
        }
        // What a torn record leaves is judged once more.
        for _ in 0...1 {
            lastRecord = last.sequence
            guard let isUnmount = last.isUnmount(in: ring) else { return nil }
            if isUnmount, ends(last) { return }
            let found = walk(to: last)
            if let torn = found.newest.first(where: { $0.isWhole(in: ring) == false }),
                let whole = record(before: torn.block)
            {
                head = torn.block
                last = whole
                continue
            }
            journal = waiting(last, found, DiskBytes(Array(superblock.bytes.dropFirst(32))))
            return
        }
        journal = .needsReplay(first: nil, last: nil)
    }

    // MARK: The end

    /// The block behind the last one written, and behind no hole that a power cut has left in front of it.
    private static func head(of ring: XFSLogRing, _ newest: UInt32) -> UInt64? {
        guard let oldest = ring.cycle(ring.count - 1) else { return nil }
        // Blocks before the end are of this turn, those behind it of the last one.
        var low: UInt64 = 0
        var head = ring.count
        while newest != oldest, head - low > 1 {
            let middle = low + (head - low) / 2
            guard let found = ring.cycle(middle) else { return nil }
            if found == oldest { head = middle } else { low = middle }
        }
        // Writes under way overtake one another, also around the end of the ring.
        let missing = newest == oldest ? newest &- 1 : oldest
        let scanned = min(XFSLogRing.window, ring.count)
        if head < scanned, missing > 0 {
            let range = (ring.count - (scanned - head))..<ring.count
            guard let hole = ring.first(of: missing - 1, in: range) else { return nil }
            if hole < ring.count { return hole }
        }
        return ring.first(of: missing, in: (head - min(scanned, head))..<head)
    }

    /// The last record that begins before a block.
    private func record(before block: UInt64) -> XFSLogRecord? {
        let reach = min(Self.furthestBack, ring.count)
        let start = (block + ring.count - reach) % ring.count
        guard let bytes = ring.read(start, reach) else { return nil }
        for back in 1...reach {
            let at = Int(reach - back) * XFSLogRing.block
            guard bytes.be32(at) == XFSLogRecord.magic else { continue }
            let header = DiskBytes(Array(bytes.bytes.dropFirst(at).prefix(XFSLogRing.block)))
            return XFSLogRecord(header, at: (block + ring.count - back) % ring.count)
        }
        return nil
    }

    private func ends(_ record: XFSLogRecord) -> Bool {
        (record.block + record.length) % ring.count == head % ring.count
    }

    // MARK: What waits

    private struct Walk {
        /// `nil` where they do not follow one another.
        var records: UInt64?
        var blocks: UInt64 = 0
        /// The newest of them, the last at the end.
        var newest: [XFSLogRecord] = []
    }

    /// Goes from the first record that waits to the end.
    private func walk(to last: XFSLogRecord) -> Walk {
        var walk = Walk(newest: [last])
        let start = last.tail & 0xFFFF_FFFF
        guard start < ring.count else { return walk }
        walk.blocks = (head + ring.count - start) % ring.count
        var newest: [XFSLogRecord] = []
        var at = start
        var left = walk.blocks
        var count: UInt64 = 0
        var expected = last.tail >> 32
        while left > 0, count < Self.mostRecords {
            guard let header = ring.read(at), let record = XFSLogRecord(header, at: at),
                record.sequence == expected << 32 | at, record.length <= left
            else { return walk }
            count += 1
            newest = newest.suffix(Self.underWay - 1) + [record]
            left -= record.length
            at += record.length
            if at >= ring.count {
                at -= ring.count
                expected += 1
            }
        }
        guard left == 0, newest.last?.block == last.block else { return walk }
        walk.records = count
        walk.newest = newest
        return walk
    }

    private func waiting(
        _ last: XFSLogRecord, _ walk: Walk, _ identity: DiskBytes
    ) -> FileSystem.Journal {
        guard last.tail & 0xFFFF_FFFF < ring.count, last.tail <= last.sequence else {
            return .needsReplay(first: nil, last: nil)
        }
        var range = LogRange(
            first: last.tail, last: last.sequence, blocks: walk.blocks, records: walk.records)
        let isLittle = UInt32(1).littleEndian == 1
        if last.byteOrder != (isLittle ? 1 : 2) {
            range.obstacle = .byteOrder
        } else if !last.owner.elementsEqual(identity.bytes.prefix(16)) {
            range.obstacle = .owner
        }
        return .logNeedsReplay(range)
    }
}
