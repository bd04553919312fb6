/// The journal of ext3 and ext4, read as the kernel's first pass over it does: which transactions wait for replay.
/// Source: Linux Documentation/filesystems/ext4/journal.rst; fs/jbd2/recovery.c, do_one_pass and count_tags.
struct ExtJournal {
    /// The first transaction that waits, or the next to be written where none does.
    let sequence: UInt64

    private let superblock: DiskBytes
    private let blocks: ExtBlockMap
    private let blockSize: UInt64

    private static let magic: UInt32 = 0xC03B_3998
    /// Descriptors and commits of more transactions than a journal of the usual 1 GiB can hold.
    private static let mostLooks = 1 << 18

    private enum Feature {
        static let is64Bit: UInt32 = 0x2
        static let checksumsV2: UInt32 = 0x8
        static let checksumsV3: UInt32 = 0x10
        static let fastCommit: UInt32 = 0x20
    }

    private enum Kind {
        static let descriptor: UInt32 = 1
        static let commit: UInt32 = 2
        static let revocation: UInt32 = 5
    }

    /// - Parameter block: the file system's superblock, which has a copy of the journal's block list (s_jnl_blocks).
    init?(of block: DiskBytes, blockSize: UInt64, _ image: DiskImage) {
        guard block.u8(253) == 1 else { return nil }
        blocks = ExtBlockMap(
            DiskBytes(Array(block.bytes.dropFirst(268).prefix(60))), blockSize: blockSize, image)
        self.blockSize = blockSize
        guard let superblock = blocks.read(0), superblock.be32(0) == Self.magic else { return nil }
        self.superblock = superblock
        sequence = UInt64(superblock.be32(24))
    }

    /// The last transaction that was committed whole; `nil` where none waits, or not even the first is whole.
    func lastCommitted() -> UInt64? {
        let features = superblock.be32(40)
        let first = UInt64(superblock.be32(20))
        var end = UInt64(superblock.be32(16))
        if features & Feature.fastCommit != 0 {
            let kept = UInt64(superblock.be32(84))
            end -= min(end, kept == 0 ? 256 : kept)
        }
        var next = UInt64(superblock.be32(28))
        guard UInt64(superblock.be32(12)) == blockSize, next != 0, first > 0, first < end else {
            return nil
        }
        var expected = superblock.be32(24)
        var last: UInt64?
        // Once around at most, and no longer than a sound journal takes: a damaged one may lead in circles.
        var left = end - first
        var looks = 0
        while left > 0, looks < Self.mostLooks, next < end,
            let block = blocks.read(next), block.be32(0) == Self.magic,
            block.be32(8) == expected
        {
            looks += 1
            var taken: UInt64 = 1
            switch block.be32(4) {
            case Kind.descriptor: taken += tags(in: block, features)
            case Kind.commit:
                guard fits(block, features) else { return last }
                last = UInt64(expected)
                expected &+= 1
            case Kind.revocation: break
            default: return last
            }
            guard taken <= left else { return last }
            left -= taken
            next += taken
            while next >= end { next -= end - first }
        }
        return looks < Self.mostLooks ? last : nil
    }

    /// How many blocks follow a descriptor.
    private func tags(in block: DiskBytes, _ features: UInt32) -> UInt64 {
        let hasChecksums = features & (Feature.checksumsV2 | Feature.checksumsV3) != 0
        var size = 12 + (features & Feature.checksumsV2 != 0 ? 2 : 0)
        if features & Feature.is64Bit == 0 { size -= 4 }
        if features & Feature.checksumsV3 != 0 { size = 16 }
        let limit = block.count - (hasChecksums ? 4 : 0)
        var at = 12
        var count: UInt64 = 0
        while at + size <= limit {
            count += 1
            let flags = block.be16(at + 6)
            at += size
            // The UUID is the same as before, unless it follows.
            if flags & 2 == 0 { at += 16 }
            if flags & 8 != 0 { break }
        }
        return count
    }

    /// Whether the commit block's checksum fits, where it has one.
    private func fits(_ block: DiskBytes, _ features: UInt32) -> Bool {
        guard features & (Feature.checksumsV2 | Feature.checksumsV3) != 0 else { return true }
        let seed = superblock.crc32c(48..<64)
        return block.crc32c(0..<block.count, seed: seed, zeroed: 16..<20) == block.be32(16)
    }
}

/// The blocks of a file of ext2, ext3 or ext4, by the list or the tree in its inode.
/// Source: Linux Documentation/filesystems/ext4/ifork.rst.
struct ExtBlockMap {
    private let root: DiskBytes
    private let blockSize: UInt64
    private let image: DiskImage

    /// As deep as the kernel lets a tree grow.
    private static let deepest = 5

    /// - Parameter root: the 60 bytes of i_block.
    init(_ root: DiskBytes, blockSize: UInt64, _ image: DiskImage) {
        self.root = root
        self.blockSize = blockSize
        self.image = image
    }

    /// One block of the file; `nil` for a hole, and for what cannot be read.
    func read(_ logical: UInt64) -> DiskBytes? {
        let found =
            root.le16(0) == 0xF30A ? byExtents(logical, in: root, Self.deepest) : byList(logical)
        return found.flatMap { block($0) }
    }

    private func block(_ number: UInt64) -> DiskBytes? {
        guard number > 0, number < image.size / blockSize else { return nil }
        return image.read(number * blockSize, Int(blockSize))
    }

    private func byExtents(_ logical: UInt64, in node: DiskBytes, _ depth: Int) -> UInt64? {
        guard depth >= 0, node.le16(0) == 0xF30A else { return nil }
        let entries = (0..<Int(node.le16(2))).map { 12 + $0 * 12 }.filter {
            $0 + 12 <= node.count && UInt64(node.le32($0)) <= logical
        }
        guard let entry = entries.last else { return nil }
        if node.le16(6) > 0 {
            let child = UInt64(node.le16(entry + 8)) << 32 | UInt64(node.le32(entry + 4))
            return block(child).flatMap { byExtents(logical, in: $0, depth - 1) }
        }
        let offset = logical - UInt64(node.le32(entry))
        guard offset < UInt64(node.le16(entry + 4)) else { return nil }
        return (UInt64(node.le16(entry + 6)) << 32 | UInt64(node.le32(entry + 8))) + offset
    }

    /// Twelve blocks, then one list of blocks, one of lists, and one of lists of lists.
    private func byList(_ logical: UInt64) -> UInt64? {
        let perBlock = blockSize / 4
        var left = logical
        if left < 12 { return UInt64(root.le32(Int(left) * 4)) }
        left -= 12
        var reach = perBlock
        for level in 0..<3 {
            guard left >= reach else {
                return through(UInt64(root.le32((12 + level) * 4)), left, reach / perBlock)
            }
            left -= reach
            reach *= perBlock
        }
        return nil
    }

    private func through(_ list: UInt64, _ index: UInt64, _ reach: UInt64) -> UInt64? {
        guard let list = block(list) else { return nil }
        let entry = UInt64(list.le32(Int(index / reach) * 4))
        guard reach > 1 else { return entry }
        return through(entry, index % reach, reach / (blockSize / 4))
    }
}
