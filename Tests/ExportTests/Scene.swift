import Foundation
import Glibc
import Testing

/// A scratch directory that stands for /sys and /run/davit, and the davit that was built for these tests. In an ordinary
/// directory tree a FIFO stands for what the kernel does not come back from.
final class Scene {
    struct Outcome {
        let code: Int32
        let output: String
        let took: Duration
    }

    private let root = FileManager.default.temporaryDirectory
        .appendingPathComponent("davit-export-\(UUID().uuidString)")
    private static let davit: String = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appendingPathComponent(".build/debug/davit").path
    }()

    init() throws {
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    /// Writes attributes, as paths in configfs' `target` directory with their contents.
    func place(_ attributes: [String: String]) throws {
        for (path, text) in attributes { try write(text, "sys/kernel/config/target/\(path)") }
    }

    func write(_ text: String, _ path: String) throws {
        let file = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func path(_ name: String) -> String { root.appendingPathComponent(name).path }

    /// Puts a file where the node of a block device would be, and lets sysfs show one: davit finds it, and what it holds.
    func disk(_ name: String, minor: Int, holding bytes: [UInt8] = []) throws -> String {
        let node = root.appendingPathComponent("dev/\(name)")
        try write("7:\(minor)\n", "sys/class/block/\(name)/dev")
        try write("2048\n", "sys/class/block/\(name)/size")
        try write("", "dev/\(name)")
        try Data(bytes).write(to: node)
        return node.path
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: root.appendingPathComponent(path))
    }

    /// Reading that attribute hangs from now on.
    func hang(_ path: String) throws {
        let file = root.appendingPathComponent("sys/kernel/config/target/\(path)").path
        try? FileManager.default.removeItem(atPath: file)
        #expect(mkfifo(file, 0o600) == 0)
    }

    /// Reading each of these attributes takes so many seconds from now on, and gives an empty line.
    func answerLate(_ paths: [String], after seconds: Double) throws {
        for path in paths { try hang(path) }
        let files = paths.map {
            root.appendingPathComponent("sys/kernel/config/target/\($0)").path
        }
        Thread.detachNewThread {
            // Until the scene has been removed.
            while files.allSatisfy({ access($0, F_OK) == 0 }) {
                Thread.sleep(forTimeInterval: 0.01)
                for file in files {
                    // Without a reader it cannot be opened.
                    let descriptor = open(file, O_WRONLY | O_NONBLOCK)
                    guard descriptor >= 0 else { continue }
                    Thread.sleep(forTimeInterval: seconds)
                    _ = Glibc.write(descriptor, "\n", 1)
                    close(descriptor)
                }
            }
        }
    }

    /// Runs it up to three times, until it took less than `limit` beside what a machine that is busy with other tests takes to
    /// start programs: davit starts some for each look. For commands that may be repeated.
    func run(_ arguments: String..., within limit: Duration) throws -> Outcome {
        for attempt in 1... {
            let start = try run(["version"]).took
            let outcome = try run(arguments)
            if outcome.took < limit + start * 20 { return outcome }
            guard attempt == 3 else { continue }
            Issue.record("\(outcome.took), where a start takes \(start): \(outcome.output)")
            return outcome
        }
        return try run(arguments)
    }

    func run(_ arguments: String..., input: String = "") throws -> Outcome {
        try run(arguments, input)
    }

    func run(arguments: [String]) throws -> Outcome { try run(arguments, "") }

    func link(_ path: String, to target: String) throws {
        let link = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: link.path, withDestinationPath: target)
    }

    private func run(_ arguments: [String], _ text: String = "") throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.davit)
        process.arguments = arguments
        process.environment = [
            "DAVIT_SYS": root.appendingPathComponent("sys").path,
            "DAVIT_RUN": root.appendingPathComponent("run").path,
            "DAVIT_DEV": root.appendingPathComponent("dev").path,
            "DAVIT_ETC": root.appendingPathComponent("etc").path,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let input = Pipe()
        process.standardInput = input
        let begun = ContinuousClock.now
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        let said = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus, output: said, took: ContinuousClock.now - begun)
    }
}
