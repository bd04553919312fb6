import Foundation
import LinuxKit
import Testing

/// Keys in tokens, played by an agent of the test's own.
@Suite(.serialized, .enabled(if: SecurityKeyAgent.isPossible, "needs python3-cryptography"))
struct SecurityKeyTests {
    @Test(arguments: ["ed25519", "ecdsa"])
    func aTouchedKeyLogsIn(type: String) throws {
        try logIn(type, flags: [1]).expectSuccess()
    }

    @Test(arguments: ["ed25519", "ecdsa"])
    func aKeyThatNobodyTouchedDoesNot(type: String) throws {
        let server = try TestServer()
        let result = try logIn(type, flags: [0], to: server)
        #expect(result.exit == .code(255))
        try server.expectLogged("its security key was not touched")
    }

    /// The flags are signed: nobody can add the touch afterwards.
    @Test(arguments: ["ed25519", "ecdsa"])
    func aTouchThatIsOnlyClaimedDoesNot(type: String) throws {
        let server = try TestServer()
        let result = try logIn(type, flags: [0, 1], to: server)
        #expect(result.exit == .code(255))
        #expect(!server.log.contains("logged in"))
    }

    @Test func optionsSayWhatIsNeeded() throws {
        try logIn("ed25519", flags: [0], options: "no-touch-required").expectSuccess()
        try logIn("ed25519", flags: [5], options: "verify-required").expectSuccess()
        let server = try TestServer()
        let result = try logIn("ed25519", flags: [1], options: "verify-required", to: server)
        #expect(result.exit == .code(255))
        try server.expectLogged("did not verify who touched it (verify-required)")
    }

    private func logIn(
        _ type: String, flags: [Int], options: String = "", to given: TestServer? = nil
    ) throws -> TestServer.Finished {
        let server = try given ?? TestServer()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/ssh/security-key-agent.py").standardized.path
        let socket = "\(server.scratch)/agent"
        let input = try FileDescriptor.pipe()
        let output = try FileDescriptor.pipe()
        var request = ChildProcess.Request(
            SecurityKeyAgent.python, [script, type, socket] + flags.map { "\($0)" })
        request.environment = ["PATH=/usr/bin:/bin"]
        request.input = input.reading.number
        request.output = output.writing.number
        let agent = try ChildProcess(starting: request)
        let events = try Poll.wait(
            [.init(output.reading.number, .input)], until: Clock.now + patience)
        try #require(events[0].isReadable)
        guard case .bytes(let line) = try output.reading.read(atMost: 4096) else {
            throw CancellationError()
        }
        try server.authorize(options + " " + String(decoding: line, as: UTF8.self))
        let arguments = [
            "-F", "none", "-o", "UserKnownHostsFile=\(server.scratch)/known_hosts",
            "-o", "IdentityAgent=\(socket)", "-o", "IdentityFile=none", "-o", "BatchMode=yes",
            "-p", "\(server.port)", "root@127.0.0.1", "version",
        ]
        let result = try server.run("/usr/bin/ssh", arguments)
        agent.signal(SIGTERM)
        return result
    }
}

enum SecurityKeyAgent {
    /// Debian's Python, which has the package of Debian.
    static let python = "/usr/bin/python3"

    static var isPossible: Bool {
        var request = ChildProcess.Request(python, ["-c", "import cryptography"])
        request.environment = ["PATH=/usr/bin:/bin"]
        var child = try? ChildProcess(starting: request)
        return (try? child?.wait(until: Clock.now + patience)) == .code(0)
    }
}
