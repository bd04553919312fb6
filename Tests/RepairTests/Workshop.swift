import Foundation
import JSONKit

/// A scratch directory with the davit that was built for these tests, image files, and fake checkers. Nothing outside
/// of it is touched; it goes away with the value.
final class Workshop: Sendable {
    let directory: URL
    let run: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("davit-repair-\(UUID().uuidString)")
        run = directory.appendingPathComponent("run")
        try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
        let dev = directory.appendingPathComponent("dev")
        try FileManager.default.createDirectory(at: dev, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: dev.appendingPathComponent("ptmx").path, withDestinationPath: "/dev/ptmx")
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    struct Outcome {
        let code: Int32
        let output: String
        let error: String
    }

    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    /// The program, next to the tests.
    static let davit: String = {
        if let given = ProcessInfo.processInfo.environment["DAVIT_PROGRAM"] { return given }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return root.appendingPathComponent(".build/debug/davit").path
    }()

    /// Whether what is written to such a directory goes to storage.
    static var isOnStorage: Bool {
        let look = Process()
        let output = Pipe()
        look.executableURL = URL(fileURLWithPath: "/usr/bin/stat")
        look.arguments = ["-f", "-c", "%T", NSTemporaryDirectory()]
        look.standardOutput = output
        guard (try? look.run()) != nil else { return false }
        let type = output.fileHandleForReading.readDataToEndOfFile()
        return !String(decoding: type, as: UTF8.self).contains("tmpfs")
    }

    static func has(_ tools: String...) -> Bool { tools.allSatisfy { find($0) != nil } }

    static func find(_ tool: String) -> String? {
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { "\($0)/\(tool)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    // MARK: Running

    var environment: [String: String] {
        [
            "DAVIT_RUN": run.path, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            // No test looks at the host's devices, mounts or kernel log; there are terminals for checkers.
            "DAVIT_SYS": path("sys"), "DAVIT_DEV": path("dev"),
        ]
    }

    func process(_ program: String, _ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        return process
    }

    @discardableResult
    func run(_ program: String, _ arguments: [String]) throws -> Outcome {
        let process = process(program, arguments)
        // Files, not pipes: a job that lives on would keep a pipe open.
        let name = UUID().uuidString
        let outputs = ["out", "err"].map { path("\(name).\($0)") }
        for output in outputs { try Data().write(to: URL(fileURLWithPath: output)) }
        process.standardOutput = FileHandle(forWritingAtPath: outputs[0])
        process.standardError = FileHandle(forWritingAtPath: outputs[1])
        try process.run()
        process.waitUntilExit()
        let texts = outputs.map {
            String(decoding: FileManager.default.contents(atPath: $0) ?? Data(), as: UTF8.self)
        }
        return Outcome(code: process.terminationStatus, output: texts[0], error: texts[1])
    }

    @discardableResult
    func repair(_ arguments: String...) throws -> Outcome {
        try run(Self.davit, ["repair"] + arguments)
    }

    @discardableResult
    func tool(_ name: String, _ arguments: String...) throws -> Outcome {
        try run(Self.find(name) ?? name, arguments)
    }

    // MARK: Images

    func image(_ name: String, megabytes: Int) throws {
        try Data().write(to: URL(fileURLWithPath: path(name)))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
        try file.truncate(atOffset: UInt64(megabytes) << 20)
        try file.close()
    }

    /// The three unclean members of a bcachefs, which are fixtures.
    func unpackedMembers() throws -> [String] {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/images")
        return try (0..<3).map { (index: Int) throws -> String in
            let name = "bcachefs-1.13-unclean-\(index).img"
            let packed = fixtures.appendingPathComponent(name + ".xz").path
            let unpacked = try tool("sh", "-c", "xz -dkc '\(packed)' >'\(path(name))'")
            guard unpacked.code == 0 else { throw CocoaError(.fileReadCorruptFile) }
            return path(name)
        }
    }

    func write(_ bytes: [UInt8], at offset: UInt64, in name: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path(name)))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    func read(_ count: Int, at offset: UInt64, in name: String) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path(name)))
        defer { try? file.close() }
        try file.seek(toOffset: offset)
        return [UInt8](try file.read(upToCount: count) ?? Data())
    }

    func content(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path(name)))
    }

    /// A sound ext4 whose checker is replaced by a shell script. It outlives who asked for it, as a checker has to; so that
    /// it does not outlive these tests where somebody kills them, `$idle` waits, and `$wanted` succeeds, as long as they run.
    func fakeChecker(_ script: String, on image: String = "e.img") throws -> String {
        try self.image(image, megabytes: 16)
        try tool("mke2fs", "-q", "-t", "ext4", path(image))
        let program = path("fake-checker")
        let tests = ProcessInfo.processInfo.processIdentifier
        let whole = """
            #!/bin/sh
            [ "$1" = -V ] && { echo fake 1.0; exit 0; }
            idle="tail --pid=\(tests) -f /dev/null" wanted="test -d /proc/\(tests)"
            \(script)
            """
        try Data(whole.utf8).write(to: URL(fileURLWithPath: program + ".text"))
        // By another process: a program that a test beside this one starts has a copy of whatever is open here until it
        // runs, and what is open for writing cannot be executed.
        try tool("install", "-m", "0755", program + ".text", program)
        return program
    }

    // MARK: Records

    func record(_ id: Int = 1) throws -> JSON {
        let text = try String(
            contentsOf: run.appendingPathComponent("repair/\(id)/record.json"), encoding: .utf8)
        return try JSON(parsing: text)
    }

    /// Waits until the record shows what is looked for.
    func wait(
        _ id: Int = 1, seconds: Double = 180, for condition: (JSON) -> Bool
    ) throws -> Bool {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if let record = try? record(id), condition(record) { return true }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return false
    }
}
