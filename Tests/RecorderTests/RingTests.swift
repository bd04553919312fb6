import CLinux
import Foundation
import LinuxKit
import Seeds
import Testing

@testable import Recorder

/// The memory itself: many writers, killed writers, and whatever else may have happened to the file.
@Suite struct RingTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Whether an entry is whole: it names its writer and its number, and repeats the number as often as it should.
    private func isWhole(_ entry: Entry) -> Bool {
        let number = Int(entry.event.code)
        return entry.remark
            == "\(entry.pid)/\(number) " + String(repeating: "\(number % 10)", count: number % 300)
    }

    private func numbersByWriter(_ entries: [Entry]) -> [Int32: [Int32]] {
        Dictionary(grouping: entries, by: \.pid).mapValues { $0.map(\.event.code) }
    }

    @Test func processesThatWriteAtOnceLoseNothing() throws {
        // Entries of one to four slots, 1200 in all, fit.
        var first = try scratch.start("write", "300")
        var second = try scratch.start("write", "300")
        var third = try scratch.start("write", "300")
        var fourth = try scratch.start("write", "300")
        #expect(try first.end() == .code(0))
        #expect(try second.end() == .code(0))
        #expect(try third.end() == .code(0))
        #expect(try fourth.end() == .code(0))
        let entries = try scratch.entries()
        #expect(entries.count == 1200)
        #expect(entries.allSatisfy(isWhole))
        let writers = numbersByWriter(entries)
        #expect(writers.count == 4)
        #expect(writers.values.allSatisfy { $0 == Array(0..<300) })
    }

    @Test func aWriterThatIsKilledInTheMiddleHarmsNobody() throws {
        let recorder = scratch.recorder()
        var random = SeededRandom(7)
        // Few rounds: the writers take the processors from the tests beside this one.
        for round in 0..<8 {
            var writer = try scratch.start("write", "0")
            var other = try scratch.start("write", "0")
            #expect(try writer.waitForWord())
            #expect(try other.waitForWord())
            // Read while they write, and again when they are dead.
            let during = try scratch.entries()
            _ = try? Poll.wait(
                [], until: Clock.now + .microseconds(Int64.random(in: 0..<3000, using: &random)))
            writer.process.signal(Signal.kill)
            other.process.signal(Signal.kill)
            #expect(try writer.end() == .signal(Signal.kill))
            #expect(try other.end() == .signal(Signal.kill))
            recorder.record("round \(round)")
            let after = try scratch.entries()
            #expect(after.last?.remark == "round \(round)")
            for entries in [during, after] {
                let written = entries.filter { $0.component == .other }
                #expect(written.count > 100)
                #expect(written.allSatisfy(isWhole))
                for numbers in numbersByWriter(written).values {
                    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
                }
            }
        }
    }

    @Test func whoIsConfinedWritesOn() throws {
        var confined = try scratch.start("confined")
        #expect(try confined.end() == .code(0))
        #expect(try scratch.entries().map(\.remark) == ["written after it", "joined after it"])
    }

    @Test func aByteThatChangedTakesOneEntryWithIt() throws {
        let recorder = scratch.recorder()
        for words in ["first", "second", "third"] { recorder.record("\(words)") }
        let bytes = try scratch.bytes()
        // The slot of the second: its number, its checksum, its head and its text.
        let used = 128 + 128..<128 + 128 + 16 + 24 + 6
        for place in used {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << bit
                let entries = try Recording(changed).entries
                #expect(entries.map(\.remark) == ["first", "third"], "byte \(place), bit \(bit)")
            }
        }
    }

    @Test func aPartThatIsMissingTakesTheWholeSentence() throws {
        let recorder = scratch.recorder()
        recorder.record("\(String(repeating: "a", count: 250))")
        recorder.record("after")
        var bytes = try scratch.bytes()
        bytes.replaceSubrange(256..<264, with: [UInt8](repeating: 0, count: 8))
        #expect(try Recording(bytes).entries.map(\.remark) == ["after"])
    }

    @Test func anotherVersionIsRefusedByName() throws {
        scratch.recorder().record("first")
        var bytes = try scratch.bytes()
        bytes[8] = 3
        try Files.replace(scratch.path, with: bytes)
        let refusal = RecorderError.otherVersion(path: scratch.path, version: 3)
        #expect(throws: refusal) { _ = try Recording(of: scratch.directory) }
        #expect(throws: refusal) { try Ring(joining: scratch.directory) }
        #expect(
            refusal.description
                == "\(scratch.path) is of version 3, which another davit writes; this one knows version 2. Read it with that davit, or remove it and a new one is made."
        )
        // Nothing is written into it, and nobody is held up.
        scratch.recorder().record("second")
        #expect(try scratch.bytes() == bytes)
    }

    @Test(arguments: [0, 1, 127, 128, 128 + 127, 128 + 128 * 8192 - 1])
    func aFileThatWasCutIsRefused(length: Int) throws {
        scratch.recorder().record("first")
        try Files.replace(scratch.path, with: Array(try scratch.bytes().prefix(length)))
        let refusal = RecorderError.damaged(path: scratch.path)
        #expect(throws: refusal) { _ = try Recording(of: scratch.directory) }
        #expect(throws: refusal) { try Ring(joining: scratch.directory) }
        scratch.recorder().record("second")
    }

    /// Without room for its pages a process that writes into it would be ended by SIGBUS.
    @Test func aFileWithHolesIsNotWrittenInto() throws {
        scratch.recorder().record("first")
        let head = Array(try scratch.bytes().prefix(128))
        try Files.remove(scratch.path)
        try Files.replace(scratch.path, with: head)
        try FileCalls.truncate(Array(scratch.path.utf8), to: 128 + 128 * 8192)
        #expect(throws: RecorderError.damaged(path: scratch.path)) {
            try Ring(joining: scratch.directory)
        }
    }

    @Test func whateverIsInTheFileNobodyTraps() throws {
        let recorder = scratch.recorder()
        for number in 0..<200 {
            recorder.record("\(String(repeating: "x", count: number * 3))")
        }
        let whole = try scratch.bytes()
        var random = SeededRandom(42)
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1..<40, using: &random) {
                // Mostly where there is something.
                let place = Int.random(
                    in: 0..<(Bool.random(using: &random) ? 128 : 60_000), using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            guard let recording = try? Recording(bytes) else { continue }
            let entries = recording.entries
            #expect(entries.count <= 8192)
            #expect(entries.allSatisfy { $0.remark.utf8.count <= 1768 })
            // A writer may meet it, too.
            try Files.replace(scratch.path, with: bytes)
            scratch.recorder().record("\(String(repeating: "y", count: 300))")
        }
    }

    @Test func importantLinesOfAllTogetherAreBoundedInTime() throws {
        let ring = try Ring(joining: scratch.directory)
        let other = try Ring(joining: scratch.directory)
        var allowed = 0
        for _ in 0..<50 {
            if ring.memory.allows(30, inSeconds: 3600) { allowed += 1 }
            if other.memory.allows(30, inSeconds: 3600) { allowed += 1 }
        }
        // The hour may end meanwhile.
        #expect(allowed == 30 || allowed == 60)
    }

    /// RFC 3720 §B.4, and the usual one.
    private static let known: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E),
        (Array("123456789".utf8), 0xE306_9283),
    ]

    @Test(arguments: known)
    func checksum(bytes: [UInt8], expected: UInt32) {
        #expect(Ring.checksum(bytes) == expected)
        #expect(davit_crc32c_by_table(0, bytes, bytes.count) == expected)
        // From any place on, and in two pieces.
        for cut in 0...bytes.count {
            #expect(
                Ring.checksum(Array(bytes[cut...]), after: Ring.checksum(Array(bytes[..<cut])))
                    == expected)
        }
    }
}
