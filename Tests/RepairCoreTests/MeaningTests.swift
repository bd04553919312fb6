import Testing

@testable import RepairCore

/// What exit code 0 of a checker means depends on what it said.
struct MeaningTests {
    @Test(
        arguments: [
            ("", .repair, 8), ("", .check, 8),
            ("[FSCK] SIT valid block bitmap checking [Ok..]\n", .repair, 0),
            ("[FSCK] SIT valid block bitmap checking [Fail]\n", .check, 4),
            ("[FSCK] SIT valid block bitmap checking [Fail]\n", .repair, 4),
            (
                "[FSCK] SIT valid block bitmap checking [Fail]\n[FIX] (f2fs_do_mount:1) --> bitmap\n",
                .repair, 1
            ),
        ] as [(String, Purpose, Int32)])
    func f2fs(output: String, purpose: Purpose, bits: Int32) {
        let backend = F2FSBackend()
        var reader = ProgressReader(backend)
        reader.take(Array(output.utf8))
        reader.finish()
        #expect(backend.meaning(ofExit: 0, of: purpose, reader.progress).bits == bits)
    }

    /// The kernel's own fsck of 6.8 ends with 0 whatever it found; later ones tell the bits.
    @Test(
        arguments: [
            ("", 0, 8), ("check_lrus... done\n", 0, 0), ("check_lrus... done\n", 4, 4),
            ("bucket 0:3 in bad state, fixing\ncheck_lrus... done\n", 0, 1),
            ("bucket 0:3 in bad state, not fixing\ncheck_lrus... done\n", 0, 4),
        ] as [(String, Int32, Int32)])
    func bcachefs(output: String, code: Int32, bits: Int32) {
        let backend = BcachefsBackend()
        var reader = ProgressReader(backend)
        reader.take(Array(output.utf8))
        reader.finish()
        #expect(backend.meaning(ofExit: code, of: .repair, reader.progress).bits == bits)
    }

    /// bcachefs fsck -n calls corrected what it corrected in memory only, and a device that is not there is a 1, too.
    @Test(
        arguments: [
            ("fsck-n", .check, 0, 0), ("fsck-yv", .repair, 0, 0), ("inodes-n", .check, 8, 12),
            ("inodes-yv", .repair, 1, 1), ("inodes-again-n", .check, 1, 4),
            ("backpointers-n", .check, 5, 4), ("backpointers-yv", .repair, 1, 1),
            ("one-member-n", .check, 8, 8), ("no-device-n", .check, 1, 8),
        ] as [(String, Purpose, Int32, Int32)])
    func bcachefsTools(name: String, purpose: Purpose, code: Int32, bits: Int32) throws {
        let backend = BcachefsBackend()
        var reader = ProgressReader(backend, streams: 2)
        for (stream, kind) in ["out", "err"].enumerated() {
            reader.take((try? Fixtures.bytes("bcachefs-1.13-\(name).\(kind)")) ?? [], from: stream)
        }
        reader.finish()
        #expect(try Fixtures.bytes("bcachefs-1.13-\(name).rc") == Array("rc=\(code)\n".utf8))
        #expect(backend.meaning(ofExit: code, of: purpose, reader.progress).bits == bits)
        if purpose == .check { #expect(reader.progress.errorsFixed == 0) }
    }

    /// What btrfs check --repair mended it does not tell by its exit code.
    @Test(
        arguments: [
            ("btrfs-check-p", .check, 0, 0), ("btrfs-broken-check-p", .check, 1, 4),
            ("btrfs-repair-inodes", .repair, 0, 1), ("btrfs-repair-extents", .repair, 0, 1),
            ("btrfs-repair-unopenable", .repair, 1, 8), ("btrfs-check-p", .repair, 0, 0),
        ] as [(String, Purpose, Int32, Int32)])
    func btrfs(name: String, purpose: Purpose, code: Int32, bits: Int32) throws {
        let backend = BtrfsBackend()
        var reader = ProgressReader(backend, streams: 2)
        reader.take(try Fixtures.bytes("\(name).out"), from: 0)
        reader.take(try Fixtures.bytes("\(name).err"), from: 1)
        reader.finish()
        #expect(backend.meaning(ofExit: code, of: purpose, reader.progress).bits == bits)
    }

    /// fsck.jfs ends with 0 after most repairs, and of a file system that the kernel does not mount.
    @Test(
        arguments: [
            ("clean-n", .check, 0, 0), ("clean-f", .repair, 0, 0), ("crashed-n", .check, 4, 4),
            ("crashed-f", .repair, 0, 1), ("inodes-n", .check, 4, 4), ("inodes-f", .repair, 1, 1),
            ("root-f", .repair, 1, 1), ("root-n", .check, 4, 4), ("left-n", .check, 0, 4),
            ("marked-n", .check, 0, 4),
            ("superblock-n", .check, 4, 4),
            ("superblocks-n", .check, 8, 8), ("superblocks-n", .check, 0, 8),
        ] as [(String, Purpose, Int32, Int32)])
    func jfs(name: String, purpose: Purpose, code: Int32, bits: Int32) throws {
        let backend = JFSBackend()
        var reader = ProgressReader(backend)
        reader.take(try Fixtures.bytes("fsck.jfs-\(name).out"))
        reader.finish()
        #expect(backend.meaning(ofExit: code, of: purpose, reader.progress).bits == bits)
    }
}
