import Foundation
import LinuxKit
import Testing

/// OpenSSH's client against the built program, over the loopback; needs neither root nor network.
@Suite(.serialized) struct LoginTests {
    @Test(arguments: ["ed25519", "ecdsa", "rsa"])
    func logsInWithAKeyOfEachKind(type: String) throws {
        let server = try TestServer(keys: [type])
        let result = try server.ssh("version", key: type)
        result.expectSuccess()
        #expect(result.output.hasPrefix("davit "))
        #expect(result.output.contains("libssh 0.1"))
    }

    @Test func refusesAKeyThatIsNotListed() throws {
        let server = try TestServer()
        _ = try server.makeKey("ecdsa")
        let result = try server.ssh("version", key: "ecdsa")
        #expect(result.exit == .code(255))
        #expect(result.output.isEmpty)
        // Nothing but keys is offered.
        #expect(result.errors.contains("Permission denied (publickey)."))
        try server.expectLogged("it is not in \(server.scratch)/etc/authorized_keys")
        try eventually("the refusal is counted") { server.listener?["refusedKeys"]?.int == 1 }
    }

    @Test func refusesEveryUserButRoot() throws {
        let server = try TestServer()
        let result = try server.ssh("version", user: "admin")
        #expect(result.exit == .code(255))
        try server.expectLogged("refused user admin: only root logs in here")
    }

    @Test func refusesAnRSAKeyThatIsTooSmall() throws {
        let server = try TestServer()
        let path = "\(server.scratch)/small"
        try server.run(
            "/usr/bin/ssh-keygen", ["-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", path])
        try server.authorize(try #require(Files.text(path + ".pub")) + "\n")
        #expect(try server.ssh("version", key: "small").exit == .code(255))
        // The listener says it, at most every 10 s: strangers must not be able to fill the log with it.
        try eventually("the reason is in the log") {
            server.log.contains("line 1 lets nobody in: its RSA key has 1024 bits")
        }
    }

    /// libssh drops such a login request without an answer; the person must not wait for the time limit.
    @Test(
        .enabled(if: DSA.isKnown, "OpenSSH 10 makes no DSA key any more, and so offers none"))
    func aKeyOfAKindThatIsNotKnownEndsTheConnectionWithWords() throws {
        let server = try TestServer()
        let path = "\(server.scratch)/dsa"
        try server.run("/usr/bin/ssh-keygen", ["-q", "-t", "dsa", "-N", "", "-f", path])
            .expectSuccess()
        let result = try server.ssh(
            "version", key: "dsa", options: ["-o", "PubkeyAcceptedAlgorithms=+ssh-dss"])
        #expect(result.exit == .code(255))
        #expect(result.errors.contains("This key or its signature cannot be checked here."))
        try server.expectLogged("sent a key or signature that libssh does not accept")
    }

    @Test func tooManyKeysEndTheConnectionWithWords() throws {
        let server = try TestServer()
        var options: [String] = []
        for index in 0..<12 {
            let path = "\(server.scratch)/other\(index)"
            try server.run("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path])
            options += ["-i", path]
        }
        try Files.remove("\(server.scratch)/ed25519")
        let result = try server.ssh("version", options: options)
        #expect(result.exit == .code(255))
        #expect(result.errors.contains("Too many keys were refused."))
        try eventually("ten are counted") { server.listener?["refusedKeys"]?.int == 10 }
    }

    @Test(
        arguments: [
            ("authorized_keys", 0o666, "is writable by others (mode 0666): chmod 600 "),
            ("authorized_keys", 0o620, "is writable by others (mode 0620): chmod 600 "),
            ("host_ed25519_key", 0o644, "is readable by others (mode 0644): chmod 600 "),
            (".", 0o777, "is writable by others (mode 0777): chmod 755 "),
        ] as [(String, mode_t, String)])
    func refusesFilesThatOthersCouldHaveChanged(
        name: String, mode: mode_t, words: String
    ) throws {
        let server = try TestServer(starting: false)
        let path = name == "." ? "\(server.scratch)/etc" : "\(server.scratch)/etc/\(name)"
        chmod(path, mode)
        try server.start()
        #expect(try server.ssh("version").exit == .code(255))
        try eventually("the listener says it") { server.errors.contains(path + " " + words) }
        try server.expectLogged(path + " " + words)
        try eventually("its file says it") {
            server.listener?["lastError"]?.string?.contains(words) == true
        }
        // Put right, it works without a restart.
        chmod(path, name == "." ? 0o755 : 0o600)
        try server.ssh("version").expectSuccess()
    }

    @Test func aMissingFileIsNamedWithWhatToDo() throws {
        let server = try TestServer(starting: false)
        try Files.remove("\(server.scratch)/etc/authorized_keys")
        try Files.remove("\(server.scratch)/etc/host_ed25519_key")
        try server.start()
        try eventually("both are named") {
            server.errors.contains("Make one: davit keygen \(server.scratch)/etc")
                && server.errors.contains("authorized_keys, so nobody can log in")
        }
        #expect(try server.ssh("version").exit == .code(255))
    }

    @Test(.enabled(if: access("/usr/bin/dbclient", X_OK) == 0, "needs Debian's dropbear-bin"))
    func dropbearsClientLogsIn() throws {
        let server = try TestServer()
        let made = try server.run(
            "/usr/bin/dropbearkey", ["-t", "ed25519", "-f", "\(server.scratch)/dropbear"])
        let line = try #require(made.output.split(separator: "\n").first { $0.hasPrefix("ssh-") })
        try server.authorize(line + "\n")
        let data = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let result = try server.run(
            "/usr/bin/dbclient",
            [
                "-y", "-y", "-i", "\(server.scratch)/dropbear", "-p", "\(server.port)",
                "root@127.0.0.1", "cat",
            ], input: data)
        result.expectSuccess()
        #expect(result.bytes == data)
    }
}

enum DSA {
    static var isKnown: Bool {
        var request = ChildProcess.Request("/usr/bin/ssh", ["-F", "none", "-Q", "key"])
        guard let pipe = try? FileDescriptor.pipe() else { return false }
        request.output = pipe.writing.number
        var child = try? ChildProcess(starting: request)
        guard (try? child?.wait(until: Clock.now + .seconds(60))) == .code(0),
            case .bytes(let bytes)? = try? pipe.reading.read(atMost: 65536)
        else { return false }
        return String(decoding: bytes, as: UTF8.self).contains("ssh-dss")
    }
}
