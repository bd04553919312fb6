import Foundation
import JSONKit
import LinuxKit
import Testing

/// What happens on a connection once somebody is logged in.
@Suite(.serialized) struct SessionTests {
    @Test func reportsExitCodesAndSignals() throws {
        let server = try TestServer()
        #expect(try server.ssh("exit 7").exit == .code(7))
        #expect(try server.ssh("kill -9 $$").exit == .code(255))
        #expect(try server.ssh("no-such-program").exit == .code(127))
        #expect(try server.ssh("help", "no-such-command").exit == .code(100))
        let both = try server.ssh("echo out; echo err >&2")
        #expect(both.output == "out\n" && both.errors == "err")
    }

    @Test func aScriptComesThroughThePipe() throws {
        let server = try TestServer()
        for _ in 0..<5 {
            let result = try server.ssh(input: Array("echo $((40 + 2)) rafts\n".utf8))
            #expect(result.output == "42 rafts\n", "\(result.errors)")
            result.expectSuccess()
        }
    }

    /// Who knows what comes types ahead: what the greeting does not take is the shell's.
    @Test func whatIsTypedAheadIsTheShells() throws {
        let server = try TestServer()
        for _ in 0..<5 {
            let result = try server.ssh(
                options: ["-tt"], input: Array("echo $((40 + 2)) rafts\nexit\n".utf8))
            #expect(result.output.contains("42 rafts\r\n"), "\(result.output)")
            result.expectSuccess()
        }
    }

    /// Without a shell: the words arrive as they are.
    @Test func runsDavitsCommandsWithoutAShell() throws {
        let server = try TestServer()
        let result = try server.ssh("davit help 'no such'")
        #expect(result.errors.contains("no such: there is no such command."))
    }

    @Test(arguments: [[], ["-o", "RekeyLimit=1M"]])
    func carriesTenMegabytesBothWays(options: [String]) throws {
        let server = try TestServer()
        var random = SystemRandomNumberGenerator()
        let data = (0..<10 << 17).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
        let result = try server.ssh("cat", options: options, input: data)
        result.expectSuccess()
        #expect(result.bytes == data)
    }

    @Test func endsWhenTheProgramDoesNotReadItsInput() throws {
        let server = try TestServer()
        let data = [UInt8](repeating: 65, count: 5_000_000)
        let result = try server.ssh("head -c 3", input: data)
        #expect(result.output == "AAA")
    }

    @Test func closedOutputEndsWithTheProgramThoughSomethingHoldsIt() throws {
        let server = try TestServer()
        // It would hold the output open for longer than anybody waits here.
        let result = try server.ssh("sleep 1000 & echo $!")
        let holder = try #require(Int32(result.output.dropLast()))
        #expect(kill(holder, SIGKILL) == 0)
        result.expectSuccess()
    }

    @Test func givesATerminal() throws {
        let server = try TestServer()
        let result = try server.ssh(
            "test -t 0 && test -t 2 && echo $TERM && cat", options: ["-tt"],
            input: Array("hello\n".utf8))
        // What was typed is shown, then cat gives it back; Control-D ended it.
        #expect(result.output.split(separator: "\r\n").count { $0 == "hello" } == 2)
        #expect(result.output.contains("dumb\r\n"))
        result.expectSuccess()
    }

    /// The client stands on a terminal of its own here, whose size changes under it.
    @Test func theTerminalGrowsWithTheClients() throws {
        let server = try TestServer()
        let terminal = try PseudoTerminal()
        let ours = terminal.controlling.number
        PseudoTerminal.resize(ours, columns: 81, rows: 31, width: 0, height: 0)
        var request = ChildProcess.Request(
            "/usr/bin/ssh",
            server.sshArguments(["-tt"]) + [
                "root@127.0.0.1",
                "trap 'stty size; exit 3' WINCH; stty size; while :; do sleep 0.01; done",
            ])
        request.environment = ["PATH=/usr/bin:/bin", "HOME=\(server.scratch)"]
        request.runs(on: terminal.program.number)
        var client = try ChildProcess(starting: request)
        var shown = ""
        func take() throws {
            while case .bytes(let bytes) = try FileDescriptor.lend(
                ours, { try $0.read(atMost: 4096) })
            { shown += String(decoding: bytes, as: UTF8.self) }
        }
        try eventually("the first size") {
            try take()
            return shown.contains("31 81")
        }
        PseudoTerminal.resize(ours, columns: 120, rows: 40, width: 0, height: 0)
        let exit = try client.wait(until: Clock.now + patience)
        try take()
        #expect(exit == .code(3))
        #expect(shown.contains("40 120"), "\(shown)")
        withExtendedLifetime(terminal) {}
    }

    /// What the keys of a terminal do arrives as signals; the program tells which.
    @Test(arguments: [("\u{3}", "INT"), ("\u{1C}", "QUIT")])
    func keysOfTheTerminalAreSignals(key: String, name: String) throws {
        let server = try TestServer()
        mkfifo("\(server.scratch)/keys", 0o600)
        let keys = try FileDescriptor(opening: "\(server.scratch)/keys", O_RDWR)
        let paths = ["keys", "shown", "complaints"].map { "\(server.scratch)/\($0)" }
        var client = try server.startClient(
            "/usr/bin/ssh",
            server.sshArguments(["-tt"]) + [
                "root@127.0.0.1",
                "trap 'echo got \(name); exit 4' \(name); echo ready; while :; do sleep 0.01; done",
            ], paths)
        try eventually("the program runs") { Files.text(paths[1])?.contains("ready") == true }
        try keys.write(key)
        #expect(try client.wait(until: Clock.now + patience) == .code(4))
        #expect(Files.text(paths[1])?.contains("got \(name)") == true)
    }

    @Test func acceptsNoEnvironment() throws {
        let server = try TestServer()
        let result = try server.ssh("env", options: ["-o", "SetEnv=LD_PRELOAD=/x LANG=C"])
        #expect(!result.output.contains("LD_PRELOAD") && !result.output.contains("LANG="))
        #expect(result.output.contains("SSH_CONNECTION=127.0.0.1 "))
    }

    @Test func aClientThatIsGoneHangsItsProgramUp() throws {
        let server = try TestServer()
        let said = "\(server.scratch)/said"
        var client = try server.startSSH(
            "trap 'echo hup > \(said); exit' HUP; echo $$ > \(said).pid; while :; do sleep 0.01; done"
        )
        let pid = try number(in: said + ".pid")
        try eventually("its session is told of") { server.sessionFiles.count == 1 }
        client.signal(SIGKILL)
        try eventually("the program heard SIGHUP") { Files.text(said) == "hup" }
        try eventually("the program is gone") { kill(pid, 0) == -1 }
        try eventually("the session is gone") {
            server.sessions.isEmpty && server.sessionFiles.isEmpty
        }
        _ = client.poll()
    }

    /// The number that a program writes into a file once it runs; the file is there a moment before it.
    private func number(in path: String) throws -> Int32 {
        var number: Int32?
        try eventually("the program runs") {
            number = Files.text(path).flatMap { Int32($0) }
            return number != nil
        }
        return try #require(number)
    }

    @Test func aProgramThatIgnoresTheHangUpIsKilled() throws {
        let server = try TestServer()
        let said = "\(server.scratch)/said"
        let client = try server.startSSH(
            "trap '' HUP; echo $$ > \(said); while :; do sleep 0.01; done")
        let pid = try number(in: said)
        client.signal(SIGKILL)
        try eventually("the program is gone") { kill(pid, 0) == -1 }
    }

    /// The program writes without end, the client stands still: what the session holds stays small.
    @Test func aClientThatDoesNotReadMakesNobodyBuffer() throws {
        let server = try TestServer()
        let client = try server.startSSH("echo ready >&2; exec cat /dev/zero")
        try eventually("it runs") { server.clientOutput.contains("ready") }
        client.signal(SIGSTOP)
        let session = try #require(server.sessions.first)
        let program = try #require(TestServer.children(of: session).first)
        let written = { Self.field("wchar", of: "/proc/\(program)/io") }
        var last = -1
        try eventually("the program is held up") {
            let now = written()
            defer { last = now }
            usleep(200_000)
            return now == last
        }
        #expect(Self.field("VmHWM", of: "/proc/\(session)/status") < 64 * 1024)
        client.signal(SIGCONT)
        try eventually("it goes on") { written() > last + (8 << 20) }
    }

    private static func field(_ name: String, of path: String) -> Int {
        let line = (Files.text(path) ?? "").split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
            .flatMap { Int($0) } ?? 0
    }

    @Test func saysWhoIsLoggedInAndWithWhat() throws {
        let server = try TestServer()
        let client = try server.startSSH("sleep 1000")
        try eventually("the file is there") { server.sessionFiles.count == 1 }
        try eventually("the command is told") {
            session(of: server)?["command"]?.string == "/bin/sh"
        }
        let file = try #require(session(of: server))
        #expect(file["user"]?.string == "root")
        #expect(file["peer"]?.string?.hasPrefix("127.0.0.1:") == true)
        #expect(file["key"]?.string?.hasPrefix("SHA256:") == true)
        #expect(file["channels"]?.int == 1)
        client.signal(SIGTERM)
    }

    /// What has no room in /run is told as soon as there is.
    @Test func whoCouldNotBeWrittenDownIsAfterwards() throws {
        let server = try TestServer()
        let place = "\(server.scratch)/run/ssh"
        try #require(rename(place, place + ".away") == 0)
        try Files.replace(place, with: "in the way")
        let client = try server.startSSH("echo ready; sleep 1000")
        try eventually("the program runs") {
            server.clientOutput.contains("ready")
        }
        try Files.remove(place)
        try eventually("its file is there") {
            session(of: server)?["command"]?.string == "/bin/sh"
        }
        try eventually("so is the listener's") {
            server.listener?["loggedIn"]?.int == 1
        }
        client.signal(SIGTERM)
    }

    private func session(of server: TestServer) -> JSON? {
        server.sessionFiles.first
            .flatMap { Files.text("\(server.scratch)/run/ssh/\($0)") }
            .flatMap { try? JSON(parsing: $0) }
    }

    @Test func limitsHoldForTheSessionAndNotForItsPrograms() throws {
        let server = try TestServer()
        // While the program starts, the session's own limits are lifted.
        let outer = try server.ssh(
            "until grep -q 'space *268435456 ' /proc/$PPID/limits; do :; done; "
                + "cat /proc/$PPID/limits; ulimit -n")
        #expect(outer.output.contains("Max core file size        0 "))
        #expect(outer.output.split(separator: "\n").last.flatMap { Int($0) } ?? 0 > 64)
        #expect(try server.ssh("ulimit -v").output == "unlimited\n")
    }

    /// What was piped in or printed is in no file of davit's.
    @Test func recordsNoData() throws {
        let server = try TestServer()
        let secret = "correct-horse-battery"
        try server.ssh("cat", input: Array(secret.utf8)).expectSuccess()
        _ = try server.ssh("version", secret)
        try server.expectLogged("started version")
        #expect(!server.log.contains(secret))
        for name in ["recorder", "ssh/listener.json"] {
            let text = try Files.read("\(server.scratch)/run/\(name)")
            #expect(!String(decoding: text, as: UTF8.self).contains(secret))
        }
    }

    @Test func oneConnectionCarriesSeveralChannelsAndNotMoreThanTen() throws {
        let server = try TestServer()
        let control = "\(server.scratch)/control"
        let shared = ["-o", "ControlPath=\(control)"]
        let master = try server.startSSH("sleep 1000", options: shared + ["-M"])
        try eventually("the master is there") { Files.exists(control) }
        let others = try (0..<9).map { _ in
            Client(
                try server.startSSH("echo up >> \(server.scratch)/up; sleep 1000", options: shared))
        }
        try eventually("all of them run") {
            (Files.text("\(server.scratch)/up") ?? "").count { $0 == "u" } == 9
        }
        #expect(server.sessions.count == 1)
        let refused = try server.ssh("version", options: shared)
        #expect(refused.errors.contains("open failed") || refused.errors.contains("refused"))
        master.signal(SIGTERM)
        _ = others.count
    }

    /// Lets clients stand in an array.
    private final class Client {
        private let child: ChildProcess
        init(_ child: consuming ChildProcess) { self.child = child }
    }
}
