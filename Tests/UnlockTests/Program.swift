import Foundation
import LUKSFixtures
import LinuxKit
import Testing

/// The built davit, with state files in a scratch directory that is removed at the end.
final class Program {
    let scratch: String

    /// Beside the test bundle, which is mapped into this process.
    static let path: String = {
        let maps = Files.text("/proc/self/maps", limit: 1 << 24) ?? ""
        let line = maps.split(separator: "\n").first { $0.hasSuffix(".xctest") } ?? ""
        let bundle = line.firstIndex(of: "/").map { String(line[$0...]) } ?? ""
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().path + "/davit"
    }()

    struct Result {
        let exit: ChildProcess.Exit?
        let output: String
        let errors: String
    }

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/davit-unlock-XXXXXX").utf8CString)
        let made = try #require(mkdtemp(&template))
        scratch = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: scratch) }

    func file(_ name: String, _ text: String) throws -> String {
        let path = scratch + "/" + name
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// A state file's text.
    func state(_ name: String) -> String { Files.text("\(scratch)/run/unlock/\(name).json") ?? "" }

    /// Everything that davit left in its directory.
    func everything() -> String {
        let names = FileManager.default.enumerator(atPath: scratch + "/run")?.allObjects ?? []
        return names.compactMap { Files.text("\(scratch)/run/\($0)") }.joined(separator: "\n")
    }

    func request(_ arguments: [String]) -> ChildProcess.Request {
        var request = ChildProcess.Request(Self.path, arguments)
        request.environment = ["DAVIT_RUN=\(scratch)/run", "PATH=/usr/bin:/bin"]
        return request
    }

    /// Runs it with `input` piped in, to its end.
    func run(
        _ arguments: [String], input: String = "", environment: [String] = []
    ) throws -> Result {
        let into = try Input()
        let output = scratch + "/output"
        let errors = scratch + "/errors"
        let flags = O_CREAT | O_TRUNC | O_RDWR
        let outputFile = try FileDescriptor(opening: output, flags, mode: 0o600)
        let errorFile = try FileDescriptor(opening: errors, flags, mode: 0o600)
        var request = request(arguments)
        request.environment += environment
        request.input = into.number
        request.output = outputFile.number
        request.error = errorFile.number
        var child = try ChildProcess(starting: request)
        try into.feed(input)
        let exit = try child.wait(until: Clock.now + patience)
        return Result(
            exit: exit, output: Files.text(output) ?? "", errors: Files.text(errors) ?? "")
    }

    /// A pipe into a program, whose reader sees the end after what it was fed.
    final class Input {
        private let reading: FileDescriptor
        private var writing: FileDescriptor?

        init() throws {
            let pipe = try FileDescriptor.pipe()
            reading = try pipe.reading.duplicate()
            writing = try pipe.writing.duplicate()
        }

        var number: Int32 { reading.number }

        func feed(_ text: String) throws {
            try writing?.write(text)
            writing = nil
        }
    }
}
