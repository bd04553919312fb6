import LinuxKit
import Testing

/// What is typed, from the process that holds the connection to the one that asks.
@Suite struct KeyStreamTests {
    private func write(_ writer: inout KeyWriter, _ text: String) -> Int {
        Array(text.utf8).withUnsafeBytes { writer.write($0) }
    }

    /// A reader finds its end as descriptor 3, so it is a program of its own: PassphraseMemoryTests has it.
    @Test func aRingTakesWhatItHolds() throws {
        var writer = try KeyWriter()
        let wanted = writer.isWanted
        #expect(wanted)
        let first = write(&writer, "boat")
        let second = write(&writer, String(repeating: "x", count: 5000))
        let third = write(&writer, "more")
        #expect([first, second, third] == [4, 4092, 0])
        writer.hear()
        let stillWanted = writer.isWanted
        #expect(stillWanted)
        writer.childStarted()
        // Nobody has the other end any more.
        writer.hear()
        let finallyWanted = writer.isWanted
        #expect(!finallyWanted)
        let lost = write(&writer, "to nobody")
        #expect(lost == 9)
    }
}
