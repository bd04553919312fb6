import Foundation
import LinuxKit
import Testing

/// What the options of a key's line do to OpenSSH's client: its words, and those of the log.
@Suite(.serialized) struct KeyOptionTests {
    // MARK: Who does not get in

    @Test(arguments: [
        (#"from="192.0.2.0/24""#, "its from= does not list 127.0.0.1"),
        (#"from="!127.0.0.1,*""#, "its from= does not list 127.0.0.1"),
        (#"expiry-time="20200101""#, "its expiry-time= has passed by this machine's clock"),
        ("cert-authority", "its option cert-authority is not known"),
    ])
    func refusesAKeyByItsOptions(options: String, reason: String) throws {
        let server = try TestServer(options: options)
        let result = try server.ssh("version")
        #expect(result.exit == .code(255) && result.output.isEmpty)
        // The reason is for the log alone: who is refused may be a stranger.
        #expect(result.errors.contains("Permission denied (publickey)."), "\(result.errors)")
        try server.expectLogged(reason)
        // The line is taken out of the way and the same server lets the key in.
        try server.authorize(try #require(Files.text("\(server.scratch)/ed25519.pub")) + "\n")
        try server.ssh("version").expectSuccess()
    }

    @Test(arguments: [#"from="127.0.0.0/8""#, #"expiry-time="29991231""#, "restrict,pty"])
    func letsAKeyInByItsOptions(options: String) throws {
        try TestServer(options: options).ssh("version").expectSuccess()
    }

    // MARK: What they may not do

    @Test(arguments: ["no-pty", "restrict"])
    func givesNoTerminal(options: String) throws {
        let server = try TestServer(options: options)
        let result = try server.ssh("echo unseen", options: ["-tt"])
        #expect(result.errors.contains("PTY allocation request failed"), "\(result.errors)")
        try server.expectLogged("may not have a terminal: its key has no-pty, or restrict")
        #expect(try server.ssh("test -t 0 || echo none").output == "none\n")
    }

    /// The server would forward to that port, and somebody listens there.
    @Test(arguments: [
        ("no-port-forwarding", "its key has no-port-forwarding, or restrict"),
        ("restrict", "its key has no-port-forwarding, or restrict"),
        (#"permitopen="127.0.0.1:1""#, "permitopen= of its key does not name it"),
        (#"permitopen="localhost:*""#, "permitopen= of its key does not name it"),
    ])
    func forwardsNothing(options: String, reason: String) throws {
        let (server, port) = try serverThatForwards(options)
        let result = try server.ssh(options: ["-W", "127.0.0.1:\(port.number)"])
        #expect(result.exit == .code(255))
        #expect(
            result.errors.contains("open failed: administratively prohibited"), "\(result.errors)")
        try server.expectLogged(
            "may not have a connection to 127.0.0.1, port \(port.number): \(reason)")
    }

    /// The same, allowed.
    @Test(arguments: ["", "restrict,port-forwarding", #"permitopen="127.0.0.1:*""#])
    func forwardsWhatIsAllowed(options: String) throws {
        let (server, port) = try serverThatForwards(options)
        mkfifo("\(server.scratch)/endless", 0o600)
        let paths = ["endless", "output", "errors"].map { "\(server.scratch)/\($0)" }
        let input = try FileDescriptor(opening: paths[0], O_RDWR)
        let client = try server.startClient(
            "/usr/bin/ssh",
            server.sshArguments(["-W", "127.0.0.1:\(port.number)"]) + ["root@127.0.0.1"], paths)
        try server.expectLogged("forwards a connection to 127.0.0.1, port \(port.number)")
        client.signal(SIGTERM)
        _ = input.number
    }

    /// Whatever the key allows.
    @Test func forwardsToNothingButWhatTheServerAllows() throws {
        let server = try TestServer()
        for target in ["127.0.0.1:\(server.port)", "192.0.2.1:3260"] {
            let result = try server.ssh(options: ["-W", target])
            #expect(result.exit == .code(255))
            #expect(
                result.errors.contains("open failed: administratively prohibited"),
                "\(result.errors)")
        }
        let reason = "only ports of the loopback that davit.conf names can be had"
        try server.expectLogged("a connection to 127.0.0.1, port \(server.port): \(reason)")
        try server.expectLogged("a connection to 192.0.2.1, port 3260: \(reason)")
    }

    /// A port of the loopback on which somebody listens as long as this is there.
    private final class Port {
        private let listener: FileDescriptor
        let number: UInt16

        init() throws {
            listener = try TCPSocket.listen(on: [127, 0, 0, 1], port: 0, backlog: 8)
            number = try #require(TCPSocket.local(of: listener.number)).port
        }
    }

    private func serverThatForwards(_ options: String) throws -> (TestServer, Port) {
        let port = try Port()
        let server = try TestServer(options: options, starting: false)
        server.serverOptions = ["--forward", "\(port.number)"]
        try server.start()
        return (server, port)
    }

    // MARK: What they do instead

    @Test func runsTheForcedCommandInPlaceOfAnyOther() throws {
        let server = try TestServer(options: #"command="echo \"only: $SSH_ORIGINAL_COMMAND\"""#)
        #expect(try server.ssh("version").output == "only: version\n")
        #expect(try server.ssh().output == "only: \n")
    }

    @Test func runsTheForcedCommandOfDavitsWithoutAShell() throws {
        let server = try TestServer(options: #"restrict,command="version""#)
        let result = try server.ssh("touch \(server.scratch)/owned")
        result.expectSuccess()
        #expect(result.output.hasPrefix("davit "))
        #expect(!Files.exists("\(server.scratch)/owned"))
        try server.expectLogged("started version")
        #expect(!server.log.contains("started /bin/sh"))
    }
}
