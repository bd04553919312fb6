import Foundation
import JSONKit
import LinuxKit
import ProcessMemory
import Recorder
import Synchronization
import Testing

/// A `davit sshd` of the test's own on a port of the loopback, with its files in a scratch directory.
final class TestServer {
    let scratch: String
    let port: UInt16
    /// More words for `davit sshd`.
    var serverOptions: [String] = []
    private var child: ChildProcess?

    /// - Parameter options: stand before each key of authorized_keys.
    init(options: String = "", keys: [String] = ["ed25519"], starting: Bool = true) throws {
        var template = Array("/tmp/davit-ssh-XXXXXX".utf8CString)
        scratch = String(cString: try #require(mkdtemp(&template)))
        port = try Self.freePort()
        for name in ["etc", "run", "dev"] { try Files.makeDirectory("\(scratch)/\(name)") }
        // Without kmsg, so that no test writes into the host's kernel log.
        symlink("/dev/ptmx", "\(scratch)/dev/ptmx")
        try run(Self.program, ["keygen", "\(scratch)/etc"]).expectSuccess()
        var lines = ""
        for type in keys {
            lines += options + (options.isEmpty ? "" : " ") + (try makeKey(type)) + "\n"
        }
        try authorize(lines)
        let hostKey = try run(Self.program, ["keygen", "--show", "\(scratch)/etc"]).output
        let line = try #require(hostKey.split(separator: "\n").last)
        try Files.replace("\(scratch)/known_hosts", with: "[127.0.0.1]:\(port) \(line)\n")
        if starting { try start() }
    }

    deinit {
        stop()
        for file in Files.names(in: "\(scratch)/run/shell") where file.hasSuffix(".json") {
            let text = Files.text("\(scratch)/run/shell/\(file)") ?? ""
            let state = try? JSON(parsing: text)
            // What outlives its session must not outlive the test.
            if let keeper = state?["pid"]?.int { kill(Int32(keeper), SIGTERM) }
        }
        try? FileManager.default.removeItem(atPath: scratch)
    }

    /// The program beside the test bundle.
    static let program: String = {
        let places = CommandLine.arguments + [Bundle.main.executablePath ?? ""]
        for place in places {
            var url = URL(fileURLWithPath: place)
            while url.pathComponents.count > 1 {
                url.deleteLastPathComponent()
                let program = url.appendingPathComponent("davit").path
                if access(program, X_OK) == 0, !Files.names(in: program).contains("main.swift") {
                    var isDirectory: ObjCBool = false
                    _ = FileManager.default.fileExists(atPath: program, isDirectory: &isDirectory)
                    if !isDirectory.boolValue { return program }
                }
            }
        }
        return "davit"
    }()

    func start() throws {
        try startWithoutWaiting()
        try eventually("the server listens") { listener?["listening"]?.array?.isEmpty == false }
    }

    func startWithoutWaiting(listen: String? = nil) throws {
        // One that was killed could not remove it, and it says that somebody listens.
        try Files.remove("\(scratch)/run/ssh/listener.json")
        let address = listen ?? "127.0.0.1:\(port)"
        var request = ChildProcess.Request(
            Self.program,
            ["sshd", "--listen", address, "--config", "\(scratch)/etc"] + serverOptions)
        request.environment = environment
        let errors = try FileDescriptor(
            opening: "\(scratch)/errors", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        request.error = errors.number
        child = try ChildProcess(starting: request)
    }

    /// Stops the server as its supervisor would.
    @discardableResult
    func stop() -> ChildProcess.Exit? {
        child?.signal(SIGTERM)
        let exit = try? child?.wait(until: Clock.now + patience)
        child = nil
        return exit
    }

    var pid: Int32 { child?.pid ?? -1 }
    var log: String { Recording.text(of: "\(scratch)/run") ?? "" }
    /// Waits for words in the log: the client may be told before the server has written them down.
    func expectLogged(_ words: String, _ location: SourceLocation = #_sourceLocation) throws {
        try eventually("the log has: \(words)", location) { log.contains(words) }
    }

    var errors: String { Files.text("\(scratch)/errors") ?? "" }
    var listener: JSON? {
        Files.text("\(scratch)/run/ssh/listener.json").flatMap { try? JSON(parsing: $0) }
    }
    var sessionFiles: [String] {
        Files.names(in: "\(scratch)/run/ssh").filter { $0.hasPrefix("session-") }
    }
    /// The processes of `davit session` that this server started; it also starts one that looks at its files.
    var sessions: [Int32] {
        Self.children(of: pid).filter {
            ProcessTable.entry($0)?.arguments.prefix(2) == ["davit", "session"]
        }
    }

    static func children(of pid: Int32) -> [Int32] { ProcessMemory.children(of: pid) }

    func authorize(_ lines: String, mode: mode_t = 0o600) throws {
        try Files.replace("\(scratch)/etc/authorized_keys", with: lines)
        chmod("\(scratch)/etc/authorized_keys", mode)
    }

    /// Makes the key `scratch/TYPE` with ssh-keygen.
    /// - Returns: its public line.
    func makeKey(_ type: String) throws -> String {
        let path = "\(scratch)/\(type)"
        let bits = type == "rsa" ? ["-b", "2048"] : []
        try run("/usr/bin/ssh-keygen", ["-q", "-t", type, "-N", "", "-f", path] + bits)
            .expectSuccess()
        return try #require(Files.text(path + ".pub"))
    }

    private var environment: [String] {
        [
            "DAVIT_RUN=\(scratch)/run", "DAVIT_DEV=\(scratch)/dev", "PATH=/usr/bin:/bin",
            "HOME=\(scratch)",
        ]
    }

    // MARK: Clients

    func sshArguments(key: String = "ed25519", _ options: [String] = []) -> [String] {
        [
            "-F", "none", "-o", "UserKnownHostsFile=\(scratch)/known_hosts",
            "-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=none",
            "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
            "-o", "ServerAliveInterval=30", "-i", "\(scratch)/\(key)", "-p", "\(port)",
        ] + options
    }

    /// The same for sftp and scp, which call the port by another letter.
    var copyArguments: [String] { sshArguments().map { $0 == "-p" ? "-P" : $0 } }

    /// Runs OpenSSH's client to its end.
    func ssh(
        _ command: String..., key: String = "ed25519", options: [String] = [],
        user: String = "root", input: [UInt8] = [], within limit: Duration = patience
    ) throws -> Finished {
        try run(
            "/usr/bin/ssh", sshArguments(key: key, options) + ["\(user)@127.0.0.1"] + command,
            input: input, within: limit)
    }

    /// What a program left behind.
    struct Finished {
        let exit: ChildProcess.Exit?
        let bytes: [UInt8]
        let errors: String
        var output: String { String(decoding: bytes, as: UTF8.self) }

        func expectSuccess(_ location: SourceLocation = #_sourceLocation) {
            #expect(exit == .code(0), "\(errors)", sourceLocation: location)
        }
    }

    @discardableResult
    func run(
        _ program: String, _ arguments: [String], input: [UInt8] = [],
        within limit: Duration = patience
    ) throws -> Finished {
        let id = UUID().uuidString
        let paths = ["input", "output", "errors"].map { "\(scratch)/\(id)-\($0)" }
        defer { for path in paths { try? Files.remove(path) } }
        try Files.replace(paths[0], with: input)
        var client = try startClient(program, arguments, paths)
        let exit = try client.wait(until: Clock.now + limit)
        #expect(exit != nil, "\(program) \(arguments) still runs after \(limit.inWords)")
        return Finished(
            exit: exit, bytes: try Files.read(paths[1], limit: 1 << 30),
            errors: Files.text(paths[2]) ?? "")
    }

    /// Starts a client with files as its input, output and errors.
    func startClient(
        _ program: String, _ arguments: [String], _ paths: [String]
    ) throws -> ChildProcess {
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        let input = try FileDescriptor(opening: paths[0], O_RDONLY)
        let output = try FileDescriptor(opening: paths[1], flags, mode: 0o600)
        let errors = try FileDescriptor(opening: paths[2], flags, mode: 0o600)
        var request = ChildProcess.Request(program, arguments)
        request.environment = environment
        request.input = input.number
        request.output = output.number
        request.error = errors.number
        return try ChildProcess(starting: request)
    }

    /// Starts OpenSSH's client, whose input stays open.
    func startSSH(_ command: String, options: [String] = []) throws -> ChildProcess {
        mkfifo("\(scratch)/endless", 0o600)
        // Held open for writing by nobody else: opened for both, so that there is no end.
        let input = try FileDescriptor(opening: "\(scratch)/endless", O_RDWR)
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        let output = try FileDescriptor(opening: "\(scratch)/client-output", flags, mode: 0o600)
        var request = ChildProcess.Request(
            "/usr/bin/ssh", sshArguments(options) + ["root@127.0.0.1", command])
        request.environment = environment
        request.input = input.number
        request.output = output.number
        request.error = output.number
        return try ChildProcess(starting: request)
    }

    func sshArguments(_ options: [String]) -> [String] {
        sshArguments(key: "ed25519", options)
    }

    var clientOutput: String { Files.text("\(scratch)/client-output") ?? "" }

    /// A connection that says nothing, from any address of the loopback.
    func connectSilently(from source: [UInt8] = [127, 0, 0, 1]) throws -> FileDescriptor {
        let socket = FileDescriptor(
            adopting: Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var from = sockaddr_in()
        from.sin_family = sa_family_t(AF_INET)
        withUnsafeMutableBytes(of: &from.sin_addr) { $0.copyBytes(from: source) }
        var to = from
        to.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &to.sin_addr) { $0.copyBytes(from: [127, 0, 0, 1]) }
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeBytes(of: &from) { bytes in
            bind(socket.number, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, size)
        }
        try #require(status == 0)
        let connected = withUnsafeBytes(of: &to) { bytes in
            connect(socket.number, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, size)
        }
        try #require(connected == 0)
        return socket
    }

    /// A port that nobody has, and that nobody gets by chance: the kernel gives clients ports from 32768 on.
    static func freePort() throws -> UInt16 {
        while true {
            let port = nextPort.withLock { next in
                next = next < 32767 ? next + 1 : 20_000
                return next
            }
            if (try? TCPSocket.listen(on: [127, 0, 0, 1], port: port, backlog: 1)) != nil {
                return port
            }
        }
    }

    /// Each is given to one test of this run; other runs begin elsewhere.
    private static let nextPort = Mutex(UInt16.random(in: 20_000...32_000))
}

/// As long as a step may take on a machine that has much else to do; what takes longer hangs.
let patience = Duration.seconds(180)

/// What is promised within seconds says nothing of davit on a machine that is busy for as long: tried up to three times.
func onceOfThree<Result>(
    _ attempt: () throws -> Result, until isGood: (Result) -> Bool
) rethrows -> Result {
    for _ in 0..<2 {
        let result = try attempt()
        if isGood(result) { return result }
    }
    return try attempt()
}

/// Waits until `condition` holds, at most for `limit`.
func eventually(
    _ what: String, within limit: Duration = patience,
    _ location: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) throws {
    let deadline = Clock.now + limit
    while try !condition() {
        guard Clock.now < deadline else {
            Issue.record("Not within \(limit.inWords): \(what).", sourceLocation: location)
            return
        }
        usleep(10_000)
    }
}

/// Content for files to be copied.
func random(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count / 8).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
}
