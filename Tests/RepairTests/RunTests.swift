import Foundation
import Testing

@testable import Repair

/// Parts of a run that need no kernel.
struct RunTests {
    private static let transcripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/transcripts")

    @Test func aScrubIsRead() throws {
        let file = Self.transcripts.appendingPathComponent("btrfs-scrub-status-format.out")
        let said = [UInt8](try Data(contentsOf: file))
        #expect(ScrubActivity.words(said) == "a scrub runs: 12.3 %, about 1 h 2 min left")
        let ended = String(decoding: said, as: UTF8.self)
            .replacingOccurrences(of: "running", with: "finished")
        #expect(ScrubActivity.words(Array(ended.utf8)) == nil)
        #expect(ScrubActivity.words(Array("ERROR: not a btrfs filesystem: /mnt\n".utf8)) == nil)
        #expect(ScrubActivity.words([]) == nil)
    }

    @Test func theTranscriptKeepsBeginningAndEnd() throws {
        let path = NSTemporaryDirectory() + "davit-transcript-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var transcript = try Transcript(at: path)
        transcript.append(Array("begins\n".utf8))
        for _ in 0..<200 { transcript.append([UInt8](repeating: 46, count: 65536)) }
        transcript.append(Array("\nends\n".utf8))
        transcript.close()
        let leftOut = transcript.leftOut
        let note = "\n[davit: \(leftOut) bytes are left out here]\n"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasPrefix("begins\n") && text.hasSuffix("\nends\n"))
        #expect(text.contains(note))
        #expect(text.utf8.count < Transcript.headLimit + 2 * Transcript.tailLimit + 100)
        #expect(text.utf8.count + leftOut == 7 + 200 * 65536 + 6 + note.utf8.count)
    }
}
