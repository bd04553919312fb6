import Foundation
import LinuxKit
import Testing

@Suite struct ConfinementTests {
    /// What a confined process can still do. Without root the kernel forbids some of it in any case; the list is the same.
    @Test func onlyWhatANetworkDaemonNeedsIsLeft() throws {
        let directory = NSTemporaryDirectory() + "davit-confined-\(UUID().uuidString)"
        let (place, outbox) = (directory + "/place", directory + "/outbox")
        for path in [place, outbox] { try Files.makeDirectory(path) }
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let lines = try linesOfConfined(directory)
        let words = try #require(lines.first)
        let hasLandlock = words.hasPrefix(
            "files are those below \(place), \(outbox) (to write);")
        #expect(hasLandlock || words.contains("no Landlock"), "\(words)")
        #expect(words.contains("system calls are those of a list"))
        let refused = "Operation not permitted"
        let kept = hasLandlock ? "Permission denied" : "yes"
        #expect(
            lines.dropFirst() == [
                "replace \(place)/file: yes", "open \(place)/file: yes",
                "replace \(outbox)/file: yes", "open \(outbox)/file: \(kept)",
                "open \(directory)/file: \(kept)",
                "open /etc/passwd: \(kept)",
                "open /etc/davit-confined: \(kept)",
                "UDP: yes", "TCP: \(refused)", "a socket of files: \(refused)",
                "execute: \(refused)", "mount: \(refused)", "set the host's name: \(refused)",
                "become another user: \(refused)", "kill: \(refused)",
                "executable memory: \(refused)", "memory: yes",
                "memory made executable: \(refused)",
            ])
    }

    /// Also as root, whom the kernel's limit on processes does not bind; and afterwards all is as it was.
    @Test func whoMayHaveNoChildrenGetsNoneUntilItMay() throws {
        let lines = try linesOfConfined("children")
        let refused = String(cString: strerror(EAGAIN))
        let ordinary = Array(lines.prefix(2))
        #expect(ordinary.map { $0.prefix(4) } == ["Uid:", "CapE"])
        func answers(_ when: String, _ answer: String) -> [String] {
            (answer == refused ? [] : ordinary)
                + ["\(when), a process: \(answer)", "\(when), a thread: \(answer)"]
        }
        #expect(
            lines == answers("before", "yes") + answers("forbidden", refused)
                + answers("lifted", "yes") + answers("forbidden again", refused)
                + answers("allowed", "yes"))
    }

    private func linesOfConfined(_ argument: String) throws -> [String] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let program = tests.appendingPathComponent("../../.build/debug/confined").standardized.path
        let output = try FileDescriptor.pipe()
        var request = ChildProcess.Request(program, [argument])
        request.output = output.writing.number
        var child = try ChildProcess(starting: request)
        #expect(try child.wait(until: Clock.now + .seconds(180)) == .code(0))
        try output.reading.setNonBlocking()
        guard case .bytes(let bytes) = try output.reading.read(atMost: 65536) else {
            Issue.record("it says nothing")
            return []
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
