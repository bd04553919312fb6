import SCPCore
import Seeds
import Testing

@Suite struct MessageTests {
    private func parsed(_ line: String) throws -> Message { try Message(parsing: Array(line.utf8)) }
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func knowsEachKindOfLine() throws {
        #expect(
            try parsed("C0640 12 a name.txt")
                == .file(permissions: 0o640, size: 12, name: bytes("a name.txt")))
        #expect(
            try parsed("D2755 0 tree") == .directory(permissions: 0o2755, name: bytes("tree")))
        #expect(try parsed("E") == .end)
        #expect(try parsed("T1600000000 0 17 0") == .times(modified: 1_600_000_000, accessed: 17))
        #expect(try parsed("\u{1}scp: no") == .warning(bytes("scp: no")))
        #expect(try parsed("\u{2}gone") == .failure(bytes("gone")))
        #expect(
            try parsed("C0644 9223372036854775807 x")
                == .file(permissions: 0o644, size: 1 << 63 - 1, name: bytes("x")))
        #expect(try parsed("C0644 1  x") == .file(permissions: 0o644, size: 1, name: bytes(" x")))
    }

    @Test(arguments: [
        "", "X", "EE", "C", "C0644", "C0644 1", "C0644 1 ", "C644 1 x", "C00644 1 x", "C0648 1 x",
        "C+644 1 x", "C0644 -1 x", "C0644 +1 x", "C0644 1x x", "C0644  x",
        "C0644 9223372036854775808 x",
        "C0644  1 x", "T1 0  2 0",
        "C0644 1 .", "C0644 1 ..", "C0644 1 ../x", "C0644 1 /x", "C0644 1 x/y", "D0755 0 ..",
        "C0644 1 a\u{0}b", "T", "T1 0 2", "T1 0 2 0 0", "T-1 0 2 0", "T1 0 x 0", "T 0 1 0",
    ])
    func refusesTheRest(_ line: String) {
        #expect(throws: Message.Malformed.self) { try parsed(line) }
    }

    @Test func whatItWritesItReads() throws {
        var random = SeededRandom(4)
        for _ in 0..<2000 {
            let name = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                UInt8.random(in: 48...255, using: &random)
            }
            let messages: [Message] = [
                .file(
                    permissions: UInt32.random(in: 0...0o7777, using: &random),
                    size: UInt64.random(in: 0...UInt64(Int64.max), using: &random), name: name),
                .directory(
                    permissions: UInt32.random(in: 0...0o7777, using: &random), name: name),
                .times(
                    modified: Int64.random(in: 0...Int64.max, using: &random),
                    accessed: Int64.random(in: 0...Int64.max, using: &random)),
                .warning(name), .failure(name), .end,
            ]
            for message in messages {
                #expect(message.bytes.last == UInt8(ascii: "\n"))
                #expect(try Message(parsing: Array(message.bytes.dropLast())) == message)
            }
        }
    }

    @Test func writesWhatOthersRead() {
        let lines: [(Message, String)] = [
            (.file(permissions: 0o640, size: 12, name: bytes("a b")), "C0640 12 a b\n"),
            (.directory(permissions: 0o755, name: bytes("d")), "D0755 0 d\n"),
            (.times(modified: 9, accessed: 7), "T9 0 7 0\n"), (.end, "E\n"),
            (.warning(bytes("a\nb")), "\u{1}a b\n"), (.failure(bytes("no")), "\u{2}no\n"),
        ]
        for (message, line) in lines { #expect(message.bytes == bytes(line)) }
    }

    @Test func ofWordsThatAreTooLongTheBeginningStays() {
        let line = Message.failure(bytes("begin") + [UInt8](repeating: 120, count: 9000)).bytes
        #expect(line.starts(with: bytes("\u{2}beginxxx")))
    }

    @Test func wordsOfAnyLengthAreOneLineThatIsNotTooLong() {
        let words = [UInt8](repeating: UInt8(ascii: "\n"), count: 100_000)
        let line = Message.warning(words).bytes
        #expect(line.count == Message.longestLine + 1)
        #expect(line.firstIndex(of: UInt8(ascii: "\n")) == line.count - 1)
    }

    @Test func noBytesMakeItTrap() {
        var random = SeededRandom(11)
        let seeds = ["C0644 12 name", "D0755 0 d", "T1 0 2 0", "E", "\u{1}w"].map { bytes($0) }
        var refused = 0
        for round in 0..<20_000 {
            var line = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...line.count, using: &random)
                if place < line.count, Bool.random(using: &random) {
                    line[place] = UInt8.random(in: 0...255, using: &random)
                } else {
                    line.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            if (try? Message(parsing: line)) == nil { refused += 1 }
        }
        #expect(refused > 5000 && refused < 19_999)
    }
}
