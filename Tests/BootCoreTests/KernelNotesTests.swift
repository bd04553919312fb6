import BootCore
import Testing

@Suite struct KernelNotesTests {
    @Test func countsWhatIsWorthReadingAndKeepsTheLastLine() {
        var notes = KernelNotes()
        notes.take("6,1,1000000,-;Linux version 6.12".utf8)
        notes.take(
            "3,2,2000000,-;blk_update_request: I/O error, dev sda, sector 8\n SUBSYSTEM=block".utf8)
        notes.take("3,3,5500000,-;Buffer I/O error on dev sda, logical block 1".utf8)
        notes.take("3,4,6000000,-;critical medium error, dev sdb, sector 1: I/O error".utf8)
        #expect(notes.notes.map(\.name) == ["io-error", "medium-error"])
        #expect(notes.notes.first?.count == 2)
        #expect(notes.notes.first?.last == .milliseconds(5500))
        #expect(notes.notes.first?.line == "Buffer I/O error on dev sda, logical block 1")
    }

    /// What stands before the semicolon may be missing or mangled: a line that is worth reading is not lost with it.
    @Test(arguments: [
        ("", 0), (";", 0), ("3", 0), ("3,;I/O error", 1), ("a,b,c,d;I/O errors", 1),
        ("3,1;I/O error", 1), (";I/O erro", 0),
    ])
    func anythingCanCome(record: String, count: Int) {
        var notes = KernelNotes()
        notes.take(record.utf8)
        #expect(notes.notes.count == count)
        #expect(notes.notes.allSatisfy { $0.count == 1 && $0.last == .zero })
    }
}
