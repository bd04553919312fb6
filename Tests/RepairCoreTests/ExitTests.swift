import Testing

@testable import RepairCore

/// What an exit code means, and what is known besides.
struct ExitTests {
    @Test(
        arguments: [
            (0, "no errors"), (1, "errors were corrected"),
            (6, "the machine has to be rebooted, errors were left uncorrected"),
            (8, "the checker could not do its work"),
            (64, "exit code 64, which is not one of fsck's"),
            (128, "a library of the checker failed"),
        ] as [(Int32, String)])
    func bitsInWords(code: Int32, words: String) { #expect(FsckBits.words(code) == words) }

    /// A mount has no bits of its own: what the kernel said of errors decides.
    @Test(
        arguments: [
            (32, .repair, 0, 0, 8), (0, .repair, 0, 0, 0), (0, .repair, 2, 2, 1),
            (0, .repair, 2, 1, 4), (0, .repair, 1, 0, 4), (0, .check, 0, 0, 0),
            (0, .check, 1, 1, 4),
        ] as [(Int32, Purpose, Int, Int, Int32)])
    func mounts(code: Int32, purpose: Purpose, found: Int, fixed: Int, bits: Int32) {
        var progress = Progress()
        if found > 0 { progress.apply(.found(found)) }
        if fixed > 0 { progress.apply(.fixed(fixed)) }
        #expect(KernelMount.meaning(ofExit: code, of: purpose, progress).bits == bits)
    }

    /// The superblock's word counts where the checker says nothing of the journal, and only there.
    @Test func journalKnownBefore() {
        let before = FileSystem.Journal.needsReplay(first: 5, last: 9)
        let silent = Progress().knowing(before).journal
        #expect(silent.first == 5 && silent.last == 9)
        var told = Progress()
        told.apply(.journal(first: 6, last: 8))
        #expect(told.knowing(before) == told)
        #expect(Progress().knowing(.needsReplay(first: 5, last: nil)) == Progress())
        #expect(Progress().knowing(.empty) == Progress())
        #expect(Progress().knowing(nil) == Progress())
    }
}
