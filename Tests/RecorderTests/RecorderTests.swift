import Foundation
import Recorder
import Testing

@Suite struct RecorderTests {
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "davit-recorder-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
    }

    private func log(_ name: String = "log") throws -> String {
        try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
    }

    @Test func oneLineForEachEventWithTimeAndWriter() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let recorder = Recorder(component: "net", directory: directory)
        recorder.record("eth0: first")
        recorder.record("eth0: second")
        let lines = try log().split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].firstMatch(of: /^\d+\.\d{3} net\[\d+\]: eth0: first$/) != nil)
    }

    @Test func controlCharactersFromTheNetworkAreMasked() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        Recorder(component: "net", directory: directory).record("name \u{1B}[2J\nforged line")
        #expect(try log().hasSuffix(": name ?[2J?forged line\n"))
    }

    @Test func theFileIsBounded() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let recorder = Recorder(component: "net", directory: directory)
        let words = String(repeating: "x", count: 10_000)
        for _ in 0..<(3 * Recorder.limit / 10_000) { recorder.record(words) }
        #expect(try log().utf8.count <= Recorder.limit)
        #expect(try log("log.old").utf8.count <= Recorder.limit + 10_100)
    }

    @Test func aMissingDirectoryIsNoError() {
        Recorder(component: "net", directory: directory + "/missing").record("unheard")
    }
}
