import Testing

@testable import RepairCore

/// What superblocks say of how a file system was left, laid out field by field.
struct SuperblockTests {
    /// An image of zeros with the fields that a test puts there; numbers are little-endian.
    private struct Image {
        var bytes: [UInt8]
        init(_ count: Int) { bytes = [UInt8](repeating: 0, count: count) }

        mutating func put(_ text: String, at: Int) {
            bytes.replaceSubrange(at..<(at + text.utf8.count), with: Array(text.utf8))
        }
        mutating func put(_ value: UInt64, _ length: Int, at: Int) {
            for index in 0..<length { bytes[at + index] = UInt8(value >> (index * 8) & 0xFF) }
        }
        func read(by backend: some Backend) -> FileSystem? {
            backend.superblock(in: DiskImage(bytes))
        }
    }

    // MARK: ext; struct ext4_super_block at 1024

    private func ext(
        compatible: UInt64 = 0, incompatible: UInt64 = 0, readOnly: UInt64 = 0, state: UInt64 = 1
    ) -> Image {
        var image = Image(8192)
        image.put(2048, 4, at: 1024 + 4)  // s_blocks_count_lo
        image.put(2, 4, at: 1024 + 24)  // s_log_block_size: 4 KiB
        image.put(0xEF53, 2, at: 1024 + 56)  // s_magic
        image.put(state, 2, at: 1024 + 58)  // s_state
        image.put(compatible, 4, at: 1024 + 92)
        image.put(incompatible, 4, at: 1024 + 96)
        image.put(readOnly, 4, at: 1024 + 100)
        return image
    }

    @Test(
        arguments: [
            (0, 0, 0, "ext2"),
            (0x4, 0, 0x7, "ext3"),  // has_journal; sparse_super, large_file, btree_dir
            (0x4, 0x40, 0, "ext4"), (0, 0x80, 0, "ext4"),  // extents; 64bit
            (0x4, 0, 0x8, "ext4"),  // huge_file
        ] as [(UInt64, UInt64, UInt64, String)])
    func extIsWhatItsFeaturesMakeIt(
        compatible: UInt64, incompatible: UInt64, readOnly: UInt64, type: String
    ) throws {
        let image = ext(compatible: compatible, incompatible: incompatible, readOnly: readOnly)
        let found = try #require(image.read(by: ExtBackend()))
        #expect(found.type == type)
        #expect(found.size == 8 << 20)
        // The journal's inode is not there.
        #expect(found.journal == (compatible == 0x4 ? .unknown : .none))
    }

    @Test(
        arguments: [
            (1, 0, .clean), (0, 0, .unclean), (1, 0x4, .unclean), (3, 0, .damaged),
            (2, 0, .damaged), (3, 0x4, .damaged),
        ] as [(UInt64, UInt64, FileSystem.State)])
    func extWasLeft(state: UInt64, incompatible: UInt64, left: FileSystem.State) throws {
        let image = ext(incompatible: incompatible, state: state)
        #expect(try #require(image.read(by: ExtBackend())).state == left)
    }

    @Test func extTellsItsHistory() throws {
        var image = ext(incompatible: 0x80)
        let young = try #require(image.read(by: ExtBackend()))
        #expect(young.recordedErrors == 0 && young.lastErrorAt == nil)
        #expect(young.lastMountedAt == nil && young.lastMountPoint == nil)
        image.put(1_700_000_000, 4, at: 1024 + 44)  // s_mtime
        image.put("/srv", at: 1024 + 136)  // s_last_mounted
        image.put(1, 4, at: 1024 + 336)  // s_blocks_count_hi
        image.put(5, 4, at: 1024 + 404)  // s_error_count
        image.put(1_700_000_001, 4, at: 1024 + 460)  // s_last_error_time
        let old = try #require(image.read(by: ExtBackend()))
        #expect(old.recordedErrors == 5 && old.lastErrorAt == 1_700_000_001)
        #expect(old.lastMountedAt == 1_700_000_000 && old.lastMountPoint == "/srv")
        #expect(old.size == (1 << 32 + 2048) * 4096)
    }

    @Test(
        arguments: [(0, 1024, 8193), (1, 2048, 16384), (2, 4096, 32768)]
            as [(UInt64, UInt64, UInt64)])
    func extHasACopyInBlockGroup1(log: UInt64, blockSize: UInt64, block: UInt64) throws {
        var image = ext()
        image.put(log, 4, at: 1024 + 24)
        image.put(1, 2, at: 1024 + 90)  // s_block_group_nr
        func disk(_ superblock: [UInt8]) -> DiskImage {
            DiskImage(size: 1 << 30) { offset, count in
                offset == block * blockSize ? superblock : [UInt8](repeating: 0, count: count)
            }
        }
        let copy = Array(image.bytes[1024..<2048])
        let found = try #require(ExtBackend().copyOfSuperblock(in: disk(copy)))
        #expect(found.copy == FileSystem.Copy(block: block, blockSize: blockSize))
        #expect(found.state == .damaged)
        // The superblock of an image that lies on the disk is no copy.
        image.put(0, 2, at: 1024 + 90)
        #expect(ExtBackend().copyOfSuperblock(in: disk(Array(image.bytes[1024..<2048]))) == nil)
    }

    /// i_block has room for four extents; the last of them counts, too.
    @Test func extFourExtents() {
        var root = Image(60)
        root.put(0xF30A, 2, at: 0)  // eh_magic
        root.put(4, 2, at: 2)  // eh_entries
        var disk = Image(16 << 10)
        for extent in 0..<4 {
            root.put(UInt64(extent), 4, at: 12 + 12 * extent)  // ee_block
            root.put(1, 2, at: 12 + 12 * extent + 4)  // ee_len
            root.put(UInt64(2 + 3 * extent), 4, at: 12 + 12 * extent + 8)  // ee_start_lo
            disk.bytes[(2 + 3 * extent) << 10] = UInt8(65 + extent)
        }
        let map = ExtBlockMap(
            DiskBytes(root.bytes), blockSize: 1024, DiskImage(disk.bytes))
        #expect((0..<4).map { map.read($0)?.u8(0) } == [65, 66, 67, 68])
        #expect(map.read(4) == nil)
    }

    // MARK: F2FS; struct f2fs_super_block at 1024, two packs of struct f2fs_checkpoint

    private func f2fs(flags: UInt64, versions: (UInt64, UInt64) = (8, 7)) -> Image {
        var image = Image(64 << 10)
        image.put(0xF2F5_2010, 4, at: 1024)
        image.put(2, 4, at: 1024 + 20)  // log_blocks_per_seg
        image.put(16, 8, at: 1024 + 36)  // block_count
        image.put(1, 4, at: 1024 + 76)  // cp_blkaddr
        let newest = versions.0 > versions.1 ? 4096 : 4096 + 4 * 4096
        image.put(versions.0, 8, at: 4096)  // checkpoint_ver
        image.put(versions.1, 8, at: 4096 + 4 * 4096)
        image.put(flags, 4, at: newest + 132)  // ckpt_flags
        return image
    }

    @Test(
        arguments: [
            (0x1, .clean, .empty), (0x0, .unclean, .needsReplay(first: nil, last: nil)),
            (0x4, .unclean, .needsReplay(first: nil, last: nil)),  // compact summaries
            (0x9, .damaged, .empty), (0x11, .damaged, .empty),  // CP_ERROR; CP_FSCK
            (0x8, .damaged, .needsReplay(first: nil, last: nil)),
        ] as [(UInt64, FileSystem.State, FileSystem.Journal)])
    func f2fsWasLeft(
        flags: UInt64, state: FileSystem.State, journal: FileSystem.Journal
    ) throws {
        for versions: (UInt64, UInt64) in [(8, 7), (8, 9)] {
            let found = try #require(
                f2fs(flags: flags, versions: versions).read(by: F2FSBackend()))
            #expect(found.state == state)
            #expect(found.journal == journal)
            #expect(found.sequence == max(versions.0, versions.1))
            #expect(found.size == 65536 && found.recordedErrors == 0)
        }
    }

    // MARK: JFS; struct jfs_superblock at 0x8000 and 0xF000

    @Test(
        arguments: [
            (0, .clean, .empty),
            (1, .unclean, .needsReplay(first: nil, last: nil)),  // FM_MOUNT
            (2, .damaged, .needsReplay(first: nil, last: nil)),  // FM_DIRTY
            (4, .damaged, .needsReplay(first: nil, last: nil)),  // FM_LOGREDO
        ] as [(UInt64, FileSystem.State, FileSystem.Journal)])
    func jfsWasLeft(state: UInt64, left: FileSystem.State, journal: FileSystem.Journal) throws {
        for place in [0x8000, 0xF000] {
            var image = Image(64 << 10)
            image.put("JFS1", at: place)
            image.put(2, 4, at: place + 4)  // s_version
            image.put(1000, 8, at: place + 8)  // s_size
            image.put(4096, 4, at: place + 16)  // s_bsize
            image.put(512, 4, at: place + 24)  // s_pbsize
            image.put(state, 4, at: place + 40)  // s_state
            image.put("data", at: place + 152)  // s_label
            let backend = JFSBackend()
            let copy = backend.copyOfSuperblock(in: DiskImage(image.bytes))
            let found = try #require(place == 0x8000 ? image.read(by: backend) : copy)
            #expect(found.state == (place == 0x8000 ? left : .damaged))
            #expect(found.journal == journal)
            #expect(found.size == 512_000 && found.label == "data")
            #expect(
                copy?.copy == (place == 0x8000 ? nil : FileSystem.Copy(block: 15, blockSize: 4096)))
        }
    }

    // MARK: FAT; the boot sector

    @Test(
        arguments: [(0, .clean), (1, .unclean), (2, .damaged), (3, .damaged)]
            as [(UInt64, FileSystem.State)], [false, true])
    func fatWasLeft(_ left: (marks: UInt64, state: FileSystem.State), isFAT32: Bool) throws {
        var image = Image(512)
        let extended = isFAT32 ? 64 : 36
        image.put(512, 2, at: 11)  // bytes per sector
        if isFAT32 {
            image.put(70_000, 4, at: 32)  // sectors
        } else {
            image.put(20_000, 2, at: 19)
        }
        image.put(left.marks, 1, at: extended + 1)  // 1: not closed in order; 2: disk errors
        image.put(0x0A2B_3C4D, 4, at: extended + 3)  // serial number
        image.put("EFI        ", at: extended + 7)
        image.put(isFAT32 ? "FAT32   " : "FAT16   ", at: extended + 18)
        image.put(0xAA55, 2, at: 510)
        let found = try #require(image.read(by: VFATBackend()))
        #expect(found.state == left.state)
        #expect(found.size == (isFAT32 ? 70_000 : 20_000) * 512)
        #expect(found.uuid == "0A2B-3C4D" && found.label == "EFI")
    }
}
