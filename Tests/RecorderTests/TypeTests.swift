import Foundation
import Testing

/// What the compiler lets nobody record.
@Suite struct TypeTests {
    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static let frame = """
        import LinuxKit
        import Recorder
        func record(
            _ recorder: Recorder, _ words: String, _ error: any Error, _ bytes: [UInt8],
            _ memory: UnsafeRawBufferPointer, _ secret: borrowing SecretBytes,
            _ shared: borrowing SharedSecret
        ) {

        """

    /// The lines of the function's body that the compiler refuses, counted from 0.
    private func refused(_ lines: [String]) throws -> Set<Int> {
        let scratch = try Scratch()
        let file = scratch.directory + "/body.swift"
        let head = Self.frame.split(separator: "\n", omittingEmptySubsequences: false).count
        try (Self.frame + lines.joined(separator: "\n") + "\n}\n")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let products = Self.package.appendingPathComponent(".build/debug").path
        let compiler = Foundation.Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = [
            "swiftc", "-typecheck", "-swift-version", "6", "-package-name",
            Self.package.lastPathComponent.lowercased(), "-I", products + "/Modules", "-Xcc",
            "-fmodule-map-file=\(products)/CLinux.build/module.modulemap", file,
        ]
        let told = Foundation.Pipe()
        compiler.standardError = told
        try compiler.run()
        let text = String(decoding: told.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        compiler.waitUntilExit()
        let numbers = text.matches(of: #/body\.swift:(\d+):\d+: error: /#).compactMap { Int($0.1) }
        if compiler.terminationStatus != 0, numbers.isEmpty { Issue.record("\(text)") }
        return Set(numbers.map { $0 - head })
    }

    @Test func sentencesAndEventsAreRecorded() throws {
        let refused = try refused([
            #"recorder.record("eth0: try \(3): \(words) \(words.prefix(2)), \(error)", .notice)"#,
            #"recorder.record("eth0", .detail, Event(.address, .interface(words), .done))"#,
            "recorder.record(Event(.unlocking, .mapping(words), .done, took: .seconds(2)))",
        ])
        #expect(refused == [])
    }

    @Test func secretsAndBytesAreNot() throws {
        let lines = [
            #"recorder.record("\(secret)")"#,
            #"recorder.record("\(shared)")"#,
            #"recorder.record("\(bytes)")"#,
            #"recorder.record("\(bytes[...])")"#,
            #"recorder.record("\(bytes.lazy.filter { $0 > 0 })")"#,
            #"recorder.record("\(memory)")"#,
            #"secret.withBytes { recorder.record("\($0)") }"#,
            "recorder.record(bytes)",
            "recorder.record(words)",
            "recorder.record(Event(.unlocking, words, .done))",
            "recorder.record(Event(.unlocking, .mapping(bytes), .done))",
            "recorder.record(Event(.unlocking, Object(words), .done))",
            "recorder.record(Event(.unlocking, nil, .done, code: bytes))",
        ]
        #expect(try refused(lines) == Set(lines.indices))
    }
}
