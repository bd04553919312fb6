import Foundation
import JSONKit
import LinuxKit
import Testing

/// `davit shell`: what goes on when the connection ends.
@Suite(.serialized) struct KeptShellTests {
    /// A client on a terminal's far side, with keys to be typed.
    private final class Client {
        private let server: TestServer
        private let keys: FileDescriptor
        private let shown: String
        private var child: ChildProcess

        init(_ server: TestServer, _ command: String = "shell") throws {
            let name = "\(server.scratch)/\(UUID().uuidString)"
            mkfifo(name + "-keys", 0o600)
            keys = try FileDescriptor(opening: name + "-keys", O_RDWR)
            shown = name + "-shown"
            self.server = server
            child = try server.startClient(
                "/usr/bin/ssh", server.sshArguments(["-tt"]) + ["root@127.0.0.1", command],
                [name + "-keys", shown, name + "-complaints"])
        }

        deinit { child.signal(SIGKILL) }

        func type(_ line: String) throws { try keys.write(line + "\n") }
        func kill() { child.signal(SIGKILL) }
        var text: String { Files.text(shown) ?? "" }

        func expect(_ words: String, _ location: SourceLocation = #_sourceLocation) throws {
            try eventually("'\(words)' is shown", location) {
                text.contains(words)
            }
        }

        func ended() throws -> ChildProcess.Exit? {
            try child.wait(until: Clock.now + .seconds(120))
        }
    }

    private func list(_ server: TestServer) throws -> String {
        try server.ssh("shell --list").output
    }

    @Test func goesOnWithAllThatRunsInIt() throws {
        let server = try TestServer()
        let first = try Client(server)
        try first.type("word=lifeboat; cat")
        try eventually("its program is told") {
            try list(server).contains(
                "runs: cat, shown in a session; to go on with it: davit shell 1")
        }
        first.kill()
        try eventually("nobody sees it any more") {
            try list(server).contains("runs: cat; to go on with it: davit shell 1")
        }
        try eventually("its connection is gone") { server.sessions.isEmpty }

        let second = try Client(server)
        // What it had shown before, and then what is typed now.
        try second.expect("word=lifeboat; cat")
        try second.type("from here on")
        try second.expect("from here on\r\nfrom here on")
        try second.type("\u{4}")
        try second.type("echo the $word; exit 3")
        try second.expect("the lifeboat")
        #expect(try second.ended() == .code(3))
        #expect(try list(server) == "There is none.\n")
    }

    /// A connection that is dead is taken for alive for a minute: nobody must wait for that.
    @Test func whoAsksLastSeesIt() throws {
        let server = try TestServer()
        let first = try Client(server)
        try first.type("echo $((40 + 2)) rafts")
        try first.expect("42 rafts")
        let second = try Client(server, "shell 1")
        try first.expect("Shell 1 is shown in another session now.")
        #expect(try first.ended() == .code(1))
        try second.expect("42 rafts")

        let other = try Client(server, "shell --new")
        try other.expect("Shell 2.")
        let unclear = try Client(server)
        try unclear.expect("There are several: 1, 2.")
        try other.type("exit")
        #expect(try other.ended() == .code(0))
        try second.type("exit")
        #expect(try second.ended() == .code(0))
    }

    @Test func theTerminalHasTheSizeOfWhoSeesIt() throws {
        let server = try TestServer()
        let first = try Client(server)
        try first.type(
            "sh -c \"trap 'stty size' WINCH; stty size; while :; do sleep 0.01; done\"")
        // The client has no terminal of its own.
        try first.expect("0 0")
        first.kill()
        let terminal = try PseudoTerminal()
        PseudoTerminal.resize(
            terminal.controlling.number, columns: 97, rows: 33, width: 0, height: 0)
        var request = ChildProcess.Request(
            "/usr/bin/ssh", server.sshArguments(["-tt"]) + ["root@127.0.0.1", "shell"])
        request.environment = ["PATH=/usr/bin:/bin", "HOME=\(server.scratch)"]
        request.runs(on: terminal.program.number)
        let client = try ChildProcess(starting: request)
        var shown = ""
        try eventually("the new size is shown") {
            while case .bytes(let bytes) = try terminal.controlling.read(atMost: 4096) {
                shown += String(decoding: bytes, as: UTF8.self)
            }
            return shown.contains("33 97")
        }
        client.signal(SIGKILL)
        withExtendedLifetime(terminal) {}
    }

    @Test func needsATerminal() throws {
        let server = try TestServer()
        let result = try server.ssh("shell")
        #expect(result.exit == .code(1))
        #expect(result.errors.contains("davit shell needs a terminal: ssh -t root@server shell"))
        #expect(try server.ssh("shell 7", options: ["-tt"]).output.contains("Shell 7 is not there"))
    }

    @Test func oneWhoseKeeperWasKilledIsNotThere() throws {
        let server = try TestServer()
        let client = try Client(server)
        try client.type("echo $((40 + 2)) rafts")
        try client.expect("42 rafts")
        let text = try #require(Files.text("\(server.scratch)/run/shell/1.json"))
        let state = try JSON(parsing: text)
        let keeper = try #require(state["pid"]?.int.flatMap { Int32($0) })
        kill(keeper, SIGKILL)
        try client.expect("the process that kept shell 1 was killed.")
        #expect(try client.ended() == .code(1))
        #expect(try list(server) == "There is none.\n")
        let again = try server.ssh("shell 1", options: ["-tt"])
        #expect(again.output.contains("Shell 1 is not there, or has ended."), "\(again.output)")
        let next = try Client(server)
        try next.expect("Shell 2.")
        try next.type("exit")
        #expect(try next.ended() == .code(0))
    }

    @Test func saysThatItCannotBegin() throws {
        let server = try TestServer(starting: false)
        let terminal = try PseudoTerminal()
        var request = ChildProcess.Request(TestServer.program, ["shell"])
        // There is no ptmx in it.
        request.environment = [
            "DAVIT_RUN=\(server.scratch)/run", "DAVIT_DEV=\(server.scratch)/etc",
        ]
        request.input = terminal.program.number
        request.error = terminal.program.number
        var child = try ChildProcess(starting: request)
        #expect(try child.wait(until: Clock.now + patience) == .code(1))
        guard case .bytes(let bytes) = try terminal.controlling.read(atMost: 4096) else {
            Issue.record("it says nothing")
            return
        }
        let said = String(decoding: bytes, as: UTF8.self)
        #expect(said.contains("The shell could not be begun; 'davit log' says why."), "\(said)")
        #expect(server.log.contains("shell 1: Cannot make a terminal with "))
        #expect(Files.names(in: "\(server.scratch)/run/shell").isEmpty)
        withExtendedLifetime(terminal) {}
    }

    /// Who logs in is told.
    @Test func theStatusNamesIt() throws {
        let server = try TestServer()
        let client = try Client(server)
        try client.type("sleep 1000")
        try eventually("its program is told") {
            try list(server).contains("runs: sleep, shown in a session")
        }
        client.kill()
        try eventually("a login shows it") {
            try server.ssh(options: ["-tt"], input: Array("exit\n".utf8)).output
                .contains("runs: sleep; to go on with it: davit shell 1")
        }
        let status = try JSON(parsing: try server.ssh("status --json").output)
        let shell = try #require(status["shells"]?.array?.first)
        #expect(shell["id"]?.int == 1 && shell["isShown"] == false)
        #expect(shell["runs"] == "sleep")
        let keeper = try #require(shell["pid"]?.int.flatMap { Int32($0) })
        kill(keeper, SIGTERM)
        try eventually("it has ended, and what ran in it") {
            let pid = shell["shell"]?.int.flatMap { Int32($0) } ?? 1
            return kill(keeper, 0) == -1 && kill(pid, 0) == -1
        }
        #expect(Files.names(in: "\(server.scratch)/run/shell").isEmpty)
    }
}
