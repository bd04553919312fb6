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

    private func next(_ reader: inout KeyReader?) -> KeyReader.Next? { reader?.next() }

    @Test func whatTheReaderLeavesIsGivenBackInOrder() throws {
        var writer = try KeyWriter()
        // Near the end of the ring, so that what is left goes round it.
        let filled = write(&writer, String(repeating: "x", count: 4090))
        #expect(filled == 4090)
        let end = try FileDescriptor.lend(writer.childDescriptor) { try $0.duplicate() }
        var reader = KeyReader(of: end.release())
        for _ in 0..<4090 {
            let byte = next(&reader)
            try #require(byte == .byte(UInt8(ascii: "x")))
        }
        _ = write(&writer, "\nfor the shell")
        let line = next(&reader)
        #expect(line == .byte(UInt8(ascii: "\n")))
        writer.hear()
        let early = writer.hasLeftover
        #expect(!early, "it is still the reader's")
        reader?.release()
        reader = nil
        writer.hear()
        let (isLeft, isWanted) = (writer.hasLeftover, writer.isWanted)
        #expect(isLeft && !isWanted)
        var left = ""
        while writer.hasLeftover {
            writer.drainLeftover { bytes in
                // As little as a full terminal takes.
                left += String(decoding: bytes.prefix(3), as: UTF8.self)
                return min(3, bytes.count)
            }
        }
        #expect(left == "for the shell")
    }

    /// A passphrase that was typed once too often is not for the terminal, which would show it.
    @Test func whatIsLeftByAReaderThatJustEndsIsDropped() throws {
        var writer = try KeyWriter()
        _ = write(&writer, "once too often")
        let end = try FileDescriptor.lend(writer.childDescriptor) { try $0.duplicate() }
        let reader = KeyReader(of: end.release())
        writer.childStarted()
        _ = consume reader
        writer.hear()
        let (isLeft, isWanted) = (writer.hasLeftover, writer.isWanted)
        #expect(!isLeft && !isWanted)
    }
}
