import Foundation
import LinuxKit
import Testing

/// How the listener treats those who do not log in, and how it starts and stops.
@Suite(.serialized) struct ListenerTests {
    @Test func aConnectionThatSaysNothingIsClosedInTime() throws {
        let server = try TestServer()
        let silent = try server.connectSilently()
        let start = Clock.now
        var isAtEnd = false
        while !isAtEnd, Clock.now < start + .seconds(60) {
            _ = try Poll.wait([.init(silent.number, .input)], until: start + .seconds(60))
            switch try silent.read(atMost: 1000) {
            case .bytes(let bytes):
                #expect(!String(decoding: bytes, as: UTF8.self).contains("password"))
            case .end: isAtEnd = true
            case .wouldBlock: break
            }
        }
        #expect(isAtEnd)
        #expect(Clock.now - start >= .seconds(14))
        try eventually("its process is gone") { server.sessions.isEmpty }
        try server.expectLogged("no login within 15 s")
    }

    @Test func oneAddressGetsFewPlaces() throws {
        let server = try TestServer()
        var silent: [Held] = []
        for _ in 0..<15 { silent.append(Held(try server.connectSilently(from: [127, 0, 0, 9]))) }
        try eventually("some are turned away") {
            let refused = server.listener?["refused"]
            return refused?["this address has too many connections that did not log in"]?.int == 7
        }
        try eventually("eight have a process") { server.sessions.count == 8 }
        // Who comes from elsewhere notices nothing.
        try server.ssh("version").expectSuccess()
        #expect(silent.count == 15)
    }

    @Test func manyAddressesKeepNobodyOut() throws {
        let server = try TestServer()
        var silent: [Held] = []
        for number in 0..<150 {
            silent.append(Held(try server.connectSilently(from: [127, 1, 1, UInt8(number + 1)])))
        }
        try eventually("the places are taken") { server.sessions.count >= 10 }
        #expect(server.sessions.count <= 65)
        try server.ssh("version").expectSuccess()
        #expect(silent.count == 150)
    }

    /// Lets connections stand in an array.
    private final class Held {
        private let socket: FileDescriptor
        init(_ socket: consuming FileDescriptor) { self.socket = socket }
    }

    @Test func waitsForAPortThatIsTakenAndSaysSo() throws {
        let server = try TestServer(starting: false)
        var holder: FileDescriptor? = try TCPSocket.listen(
            on: [127, 0, 0, 1], port: server.port, backlog: 1)
        try server.startWithoutWaiting()
        try eventually("it says so") {
            server.errors.contains("another program listens on port \(server.port). Stop it")
        }
        try eventually("its file says it") {
            server.listener?["listening"]?.array?.isEmpty == true
        }
        holder = nil
        _ = holder
        try eventually("it listens") { server.listener?["listening"]?.array?.count == 1 }
        try server.ssh("version").expectSuccess()
        #expect(server.listener?["lastError"]?.string == nil)
    }

    @Test func stoppingTellsThePersonAndLeavesNothing() throws {
        // A session that does not get its turn for two seconds is killed before it has said a word.
        let output = try onceOfThree {
            let server = try TestServer()
            var client = try server.startSSH("echo ready; sleep 1000", options: ["-tt"])
            try eventually("the program runs") { server.clientOutput.contains("ready") }
            let session = try #require(server.sessions.first)
            // The program would take 1000 s.
            #expect(server.stop() == .code(0))
            #expect(kill(session, 0) == -1)
            #expect(try client.wait(until: Clock.now + patience) == .code(255))
            #expect(Files.names(in: "\(server.scratch)/run/ssh").isEmpty)
            return server.clientOutput
        } until: {
            $0.contains("davit: the SSH server stops now")
        }
        #expect(output.contains("davit: the SSH server stops now"), "\(output)")
    }

    /// Also when a session does not react: the supervisor gives two seconds.
    @Test func aSessionThatHangsIsKilledInTime() throws {
        // On a busy machine the server gets its turn as late as any other program.
        let (took, limit) = try onceOfThree {
            let server = try TestServer()
            let client = try server.startSSH("echo ready; sleep 1000")
            try eventually("the program runs") { server.clientOutput.contains("ready") }
            kill(try #require(server.sessions.first), SIGSTOP)
            let before = Clock.now
            try server.run("/bin/true", []).expectSuccess()
            let start = Clock.now
            let limit = Duration.milliseconds(2500) + (start - before) * 20
            #expect(server.stop() == .code(0))
            client.signal(SIGKILL)
            return (Clock.now - start, limit)
        } until: {
            $0 < $1
        }
        #expect(took < limit)
    }

    /// A crash of the listener is not the end of a repair; the next listener works beside it.
    @Test func sessionsOutliveAListenerThatWasKilled() throws {
        let server = try TestServer()
        var client = try server.startSSH("echo ready; read line; echo got $line")
        try eventually("the program runs") { server.clientOutput.contains("ready") }
        kill(server.pid, SIGKILL)
        server.stop()
        try server.start()
        try server.ssh("version").expectSuccess()
        #expect(server.sessionFiles.count >= 1)
        let input = try FileDescriptor(opening: "\(server.scratch)/endless", O_WRONLY)
        try input.write("on\n")
        #expect(try client.wait(until: Clock.now + patience) == .code(0))
        #expect(server.clientOutput.contains("got on"))
    }

    @Test func stoppingEndsTheSessionsOfAKilledListenerToo() throws {
        let server = try TestServer()
        var client = try server.startSSH("echo ready; sleep 1000")
        try eventually("the program runs") { server.clientOutput.contains("ready") }
        kill(server.pid, SIGKILL)
        server.stop()
        try server.start()
        #expect(server.sessionFiles.count == 1)
        #expect(server.stop() == .code(0))
        #expect(try client.wait(until: Clock.now + patience) == .code(255))
        #expect(server.sessionFiles.isEmpty)
    }

    /// Bytes that are no SSH, before and after a banner: each ends its own process and nothing else.
    @Test(arguments: ["", "SSH-2.0-x\r\n"])
    func garbageEndsItsOwnConnectionOnly(banner: String) throws {
        let server = try TestServer()
        var random = SystemRandomNumberGenerator()
        for round in 0..<20 {
            let socket = try server.connectSilently(from: [127, 2, 0, UInt8(round + 1)])
            let bytes = (0..<4000).map { _ in UInt8.random(in: 0...255, using: &random) }
            // The other side may close while we write.
            try? socket.write(Array(banner.utf8) + bytes)
        }
        try eventually("their processes are gone") { server.sessions.isEmpty }
        #expect(!server.log.contains("ended by signal"))
        try server.ssh("version").expectSuccess()
    }

    @Test func aFileThatIsSpoiltLaterIsToldOf() throws {
        let server = try TestServer()
        try server.ssh("version").expectSuccess()
        chmod("\(server.scratch)/etc/authorized_keys", 0o666)
        #expect(try server.ssh("version").exit == .code(255))
        try eventually("it is told") {
            server.listener?["lastError"]?.string?.contains("is writable by others") == true
        }
    }

    @Test func aPortOfEveryAddressServesIPv4() throws {
        let server = try TestServer(starting: false)
        try server.startWithoutWaiting(listen: "\(server.port)")
        try eventually("it listens") { server.listener?["listening"]?.array?.isEmpty == false }
        try server.ssh("version").expectSuccess()
        // Told as the IPv4 address that it is.
        try server.expectLogged(" 127.0.0.1:")
    }

    @Test(.enabled(if: Files.exists("/proc/net/if_inet6"), "a machine without IPv6 has no ::1"))
    func theSamePortServesIPv6() throws {
        let server = try TestServer(starting: false)
        try server.startWithoutWaiting(listen: "\(server.port)")
        try eventually("it listens") { server.listener?["listening"]?.array?.isEmpty == false }
        let line = try #require(Files.text("\(server.scratch)/known_hosts"))
        try Files.replace(
            "\(server.scratch)/known_hosts",
            with: line.replacingOccurrences(of: "127.0.0.1", with: "::1") + "\n")
        let result = try server.run(
            "/usr/bin/ssh", server.sshArguments() + ["root@::1", "version"])
        result.expectSuccess()
        try server.expectLogged(" [::1]:")
    }

    @Test(arguments: ["x", "192.0.2.1", "localhost:22", "[::1]"])
    func refusesAnAddressThatIsNone(text: String) throws {
        let server = try TestServer(starting: false)
        let result = try server.run(TestServer.program, ["sshd", "--listen", text])
        #expect(result.exit == .code(100))
        #expect(result.errors.contains("--listen \(text): give a numeric address and a port"))
    }
}

@Suite struct KeygenTests {
    @Test func makesAKeyOnceAndNeverAgain() throws {
        let server = try TestServer(starting: false)
        let directory = "\(server.scratch)/new/keys"
        let path = "\(directory)/host_ed25519_key"
        let missing = try server.run(TestServer.program, ["keygen", "--show", directory])
        #expect(missing.exit == .code(1))
        #expect(!Files.exists(path))

        let made = try server.run(TestServer.program, ["keygen", directory])
        made.expectSuccess()
        let lines = made.output.split(separator: "\n")
        #expect(lines.first == "\(path): made")
        #expect(try FileStatus(of: path).mode == 0o600)
        let key = try Files.read(path)

        let again = try server.run(TestServer.program, ["keygen", directory])
        #expect(again.output.split(separator: "\n").first == "\(path): already there")
        #expect(again.output.split(separator: "\n").dropFirst() == lines.dropFirst())
        #expect(try Files.read(path) == key)
        let shown = try server.run(TestServer.program, ["keygen", "--show", directory])
        #expect(shown.output.split(separator: "\n") == Array(lines.dropFirst()))

        // OpenSSH reads the same out of it.
        let theirs = try server.run("/usr/bin/ssh-keygen", ["-l", "-f", path])
        #expect(theirs.output.contains(lines[1]))
        let line = try server.run("/usr/bin/ssh-keygen", ["-y", "-f", path])
        #expect(line.output.hasPrefix(lines[2]))
        #expect(Files.names(in: directory) == ["host_ed25519_key"])
    }

    @Test func refusesAKeyThatIsNone() throws {
        let server = try TestServer(starting: false)
        let path = "\(server.scratch)/etc/host_ed25519_key"
        try Files.replace(path, with: "no key\n", mode: 0o600)
        let result = try server.run(TestServer.program, ["keygen", "\(server.scratch)/etc"])
        #expect(result.exit == .code(1))
        #expect(result.errors.contains("\(path) cannot be used"))
        #expect(Files.text(path) == "no key")
    }
}
