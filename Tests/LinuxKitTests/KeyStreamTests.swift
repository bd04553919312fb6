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

    private func secret(_ bytes: [UInt8]) throws -> SecretBytes {
        var secret = try SecretBytes(capacity: 64)
        for byte in bytes { _ = secret.append(byte) }
        return secret
    }

    @Test func copiesInMemoryAreOverwritten() throws {
        let text = "eight or more bytes"
        let secret = try secret(Array(text.utf8))
        let copy = Array("xx\(text)xx".utf8)
        let part = Array("xxxxx or more byte".utf8)
        let other = Array("eight ox mxre byxes".utf8)
        secret.withBytes { Process.wipeCopies(of: $0) }
        #expect(copy.count { $0 != 0 } == 4)
        #expect(!String(decoding: part, as: UTF8.self).contains("or more"))
        #expect(String(decoding: other, as: UTF8.self) == "eight ox mxre byxes")
        let kept = secret.withBytes { $0.first }
        #expect(kept == UInt8(ascii: "e"))

        // Nothing that chance may put anywhere is touched.
        let ones = try self.secret([UInt8](repeating: 0xFF, count: 16))
        let full = [UInt8](repeating: 0xFF, count: 64)
        ones.withBytes { Process.wipeCopies(of: $0) }
        #expect(full.allSatisfy { $0 == 0xFF })
    }
}
