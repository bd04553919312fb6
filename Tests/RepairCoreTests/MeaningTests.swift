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
}
