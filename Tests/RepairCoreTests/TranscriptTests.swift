import Foundation
import Testing

@testable import RepairCore
import Seeds

/// Every transcript, replayed against what it must show.
struct TranscriptTests {
    @Test(arguments: Fixtures.outputs)
    func replayed(_ name: String) throws {
        let backend = try #require(Fixtures.backend(of: name), "no backend for \(name)")
        let bytes = try Fixtures.bytes(name)
        let file = Fixtures.transcripts.appendingPathComponent(name + ".expected")
        let shown = Self.report(backend, [bytes])
        if ProcessInfo.processInfo.environment["DAVIT_ACCEPT"] != nil,
            !FileManager.default.fileExists(atPath: file.path)
        {
            try Data(shown.utf8).write(to: file)
        }
        let expected = try #require(
            try? String(contentsOf: file, encoding: .utf8), "\(name).expected is missing:\n\(shown)"
        )
        #expect(shown == expected, "\(name) shows:\n\(shown)")
    }

    /// However the bytes arrive, the end is the same.
    @Test(arguments: Fixtures.outputs)
    func inPieces(_ name: String) throws {
        let backend = try #require(Fixtures.backend(of: name))
        let bytes = try Fixtures.bytes(name)
        let whole = Self.report(backend, [bytes])
        #expect(Self.report(backend, bytes.map { [$0] }) == whole, "\(name) byte by byte")
        var random = SeededRandom(7)
        var pieces: [[UInt8]] = []
        var at = 0
        while at < bytes.count {
            let end = min(bytes.count, at + Int.random(in: 1...97, using: &random))
            pieces.append(Array(bytes[at..<end]))
            at = end
        }
        #expect(Self.report(backend, pieces) == whole, "\(name) in pieces")
    }

    /// As it looks on a terminal: line feeds preceded by carriage returns.
    @Test(arguments: Fixtures.outputs)
    func withCarriageReturns(_ name: String) throws {
        let backend = try #require(Fixtures.backend(of: name))
        let bytes = try Fixtures.bytes(name)
        let onTerminal = bytes.flatMap { $0 == 10 ? [13, 10] : [$0] }
        #expect(Self.report(backend, [onTerminal]) == Self.report(backend, [bytes]))
    }

    /// The phases in their order, and the progress at the end.
    static func report(_ backend: any Backend, _ pieces: [[UInt8]]) -> String {
        var reader = ProgressReader(backend)
        for piece in pieces { reader.take(piece) }
        reader.finish()
        let progress = reader.progress
        var lines = ["phase: \(progress.phase ?? "none")"]
        func add(_ name: String, _ value: Any?) {
            if let value { lines.append("\(name): \(value)") }
        }
        add("part", progress.part)
        add("number", progress.phaseNumber.map { "\($0) of \(progress.phaseCount ?? 0)" })
        add("ended", progress.phasesEnded)
        add(
            "done",
            progress.done.map {
                "\($0) of \(progress.total.map(String.init) ?? "?") \(progress.unit ?? "")"
            })
        add("share", progress.share.map { "\($0 / 100).\($0 % 100) %" })
        add("seconds left", progress.secondsLeft)
        let journal = progress.journal
        add("journal", journal.first.flatMap { first in journal.last.map { "\(first)-\($0)" } })
        if journal.replayed { lines.append("journal replayed") }
        if journal.skipped { lines.append("journal skipped") }
        if journal.discarded { lines.append("log discarded") }
        if journal.mustBeReplayed { lines.append("log must be replayed") }
        add("journal closed at", journal.closedAt)
        add("errors found", progress.errorsFound)
        add("errors fixed", progress.errorsFixed)
        if progress.saysSound { lines.append("says sound") }
        add("version", progress.version)
        add("steps", progress.steps)
        add("noise", progress.noise)
        add("unknown lines", progress.newLines)
        for trouble in reader.troubles { lines.append("trouble: \(trouble.name)") }
        return lines.joined(separator: "\n") + "\n"
    }
}
