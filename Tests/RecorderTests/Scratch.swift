import Foundation
import LinuxKit
import Recorder

/// A directory for a recorder, and processes that write into it.
final class Scratch {
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "davit-recorder-\(UUID().uuidString)"
        try Files.makeDirectory(directory)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var path: String { directory + "/recorder" }

    func bytes() throws -> [UInt8] { try Files.read(path, limit: 1 << 24) }

    func recorder(_ component: Component = .net) -> Recorder {
        Recorder(component: component, directory: directory)
    }

    func entries() throws -> [Entry] { try Recording(of: directory).entries }

    /// Starts Tests/recording; its output is the second value.
    func start(_ words: String...) throws -> Writer { try Writer(words, directory) }

    struct Writer: ~Copyable {
        var process: ChildProcess
        private let output: FileDescriptor

        init(_ words: [String], _ directory: String) throws {
            let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            let program = tests.appendingPathComponent("../../.build/debug/recording").standardized
            let pipe = try FileDescriptor.pipe()
            var request = ChildProcess.Request(
                program.path, [words[0], directory] + words.dropFirst())
            request.output = pipe.writing.number
            let reading = try pipe.reading.duplicate()
            process = try ChildProcess(starting: request)
            output = reading
        }

        /// Waits until it says something.
        func waitForWord() throws -> Bool {
            let events = try Poll.wait(
                [.init(output.number, .input)], until: Clock.now + .seconds(180))
            return events.first?.contains(.input) == true
        }

        mutating func end() throws -> ChildProcess.Exit? {
            try process.wait(until: Clock.now + .seconds(180))
        }
    }
}
