import Foundation
import LinuxKit
import Testing

/// scp's own protocol: OpenSSH's `scp -O`, and conversations that no honest client has.
@Suite(.serialized) struct SCPTests {
    private func scp(
        _ server: TestServer, _ arguments: String...
    ) throws -> TestServer.Finished {
        try server.run("/usr/bin/scp", ["-O"] + server.copyArguments + arguments)
    }

    /// Speaks to `davit scp` without a client.
    private func talk(
        _ server: TestServer, _ arguments: [String], _ lines: String...
    ) throws -> TestServer.Finished {
        try server.run(
            TestServer.program, ["scp"] + arguments, input: lines.flatMap { Array($0.utf8) })
    }

    private func content(_ path: String) throws -> [UInt8] { try Files.read(path, limit: 1 << 30) }

    private func status(_ path: String) throws -> FileCalls.Status {
        try FileCalls.status(of: Array(path.utf8), followingLinks: true)
    }

    @Test func carriesAFileBothWaysWithItsModeAndTimes() throws {
        let server = try TestServer()
        let here = server.scratch
        let data = random(3 << 20)
        try Files.replace("\(here)/a file", with: data, mode: 0o640)
        try server.run("/usr/bin/touch", ["-d", "2021-03-04 05:06:07", "\(here)/a file"])
            .expectSuccess()
        // One that is there, and longer.
        try Files.replace("\(here)/up", with: random(5 << 20), mode: 0o600)
        try scp(server, "-p", "\(here)/a file", "root@127.0.0.1:\(here)/up").expectSuccess()
        try scp(server, "-p", "root@127.0.0.1:\(here)/up", "\(here)/down").expectSuccess()
        #expect(try content("\(here)/up") == data)
        #expect(try content("\(here)/down") == data)
        let (first, up, down) = (
            try status("\(here)/a file"), try status("\(here)/up"), try status("\(here)/down")
        )
        #expect(first.modified == up.modified && first.mode == up.mode)
        #expect(first.modified == down.modified && first.mode == down.mode)
        try server.expectLogged("started scp")
    }

    @Test func carriesTreesBothWays() throws {
        let server = try TestServer()
        let here = server.scratch
        try Files.makeDirectory("\(here)/tree/deep/empty")
        try Files.replace("\(here)/tree/deep/file", with: random(300_000), mode: 0o600)
        try Files.replace("\(here)/tree/none", with: "", mode: 0o644)
        symlink("deep/file", "\(here)/tree/link")
        chmod("\(here)/tree/deep", 0o500)
        try scp(server, "-r", "\(here)/tree", "root@127.0.0.1:\(here)/up").expectSuccess()
        try scp(server, "-r", "-p", "root@127.0.0.1:\(here)/up", "\(here)/down").expectSuccess()
        for copy in ["up", "down"] {
            let file = try content("\(here)/tree/deep/file")
            #expect(try content("\(here)/\(copy)/deep/file") == file)
            #expect(try content("\(here)/\(copy)/link") == file)
            #expect(try content("\(here)/\(copy)/none") == [])
            #expect(try status("\(here)/\(copy)/deep").permissions == 0o500)
            #expect(Files.exists("\(here)/\(copy)/deep/empty"))
        }
    }

    @Test func patternsAndSeveralFiles() throws {
        let server = try TestServer()
        let here = server.scratch
        for name in ["a.log", "b.log", "c.txt", ".hidden.log"] {
            try Files.replace("\(here)/\(name)", with: name)
        }
        for name in ["down", "up"] { try Files.makeDirectory("\(here)/\(name)") }
        try scp(server, "root@127.0.0.1:\(here)/*.log", "\(here)/down").expectSuccess()
        #expect(Files.names(in: "\(here)/down") == ["a.log", "b.log"])
        try scp(server, "\(here)/a.log", "\(here)/c.txt", "root@127.0.0.1:\(here)/up")
            .expectSuccess()
        #expect(Files.names(in: "\(here)/up") == ["a.log", "c.txt"])
        #expect(Files.text("\(here)/up/c.txt") == "c.txt")
    }

    @Test func aTildeIsTheHomeOfRoot() throws {
        let server = try TestServer(starting: false)
        let none = try talk(server, ["-f", "~/no-such-file"], "\0")
        #expect(none.output.contains("scp: \(server.scratch)/no-such-file: No such file"))
        try talk(server, ["-t", "~/a"], "C0644 2 a\n", "hi\0").expectSuccess()
        #expect(Files.text("\(server.scratch)/a") == "hi")
    }

    /// The kernel's own files say that they are empty.
    @Test func whatTheKernelSaysIsNotEmpty() throws {
        let server = try TestServer()
        try scp(server, "root@127.0.0.1:/proc/version", "\(server.scratch)/down").expectSuccess()
        #expect(try content("\(server.scratch)/down") == content("/proc/version"))
    }

    @Test func saysWhatIsWrong() throws {
        let server = try TestServer()
        let here = server.scratch
        try Files.replace("\(here)/a", with: random(1 << 20))
        let full = try scp(server, "\(here)/a", "root@127.0.0.1:/dev/full")
        #expect(full.exit == .code(1))
        #expect(full.errors.contains("/dev/full: No space left on device"), "\(full.errors)")
        let missing = try scp(server, "root@127.0.0.1:/no/such", "\(here)/down")
        #expect(missing.exit == .code(1))
        #expect(missing.errors.contains("/no/such: No such file or directory"))
        let nowhere = try scp(server, "\(here)/a", "root@127.0.0.1:/no/such/place")
        #expect(nowhere.exit == .code(1))
        #expect(nowhere.errors.contains("/no/such/place: No such file or directory"))
        let directory = try scp(server, "root@127.0.0.1:\(here)", "\(here)/down")
        #expect(directory.exit == .code(1))
        #expect(directory.errors.contains("this is a directory; -r takes those, too"))
        let several = try scp(server, "\(here)/a", "\(here)/a", "root@127.0.0.1:\(here)/none")
        #expect(several.exit == .code(1))
        #expect(several.errors.contains("this is no directory here"), "\(several.errors)")
    }

    /// What cannot be taken does not hold up the rest.
    @Test func theRestGoesOn() throws {
        let server = try TestServer()
        let here = server.scratch
        try Files.makeDirectory("\(here)/up/b")
        let said = try talk(
            server, ["-t", "\(here)/up"], "C0644 3 a\n", "one\0", "C0644 3 b\n", "C0600 5 c\n",
            "three\0")
        #expect(said.exit == .code(1))
        #expect(said.output.contains("\u{1}scp: \(here)/up/b: Is a directory\n"))
        #expect(Files.text("\(here)/up/a") == "one" && Files.text("\(here)/up/c") == "three")
        #expect(try status("\(here)/up/c").permissions == 0o600)
    }

    /// As libssh2 writes its options.
    @Test func lettersMayStandTogether() throws {
        let server = try TestServer()
        let path = "\(server.scratch)/a"
        try talk(server, ["-pt", path], "T77 0 88 0\n", "C0604 2 x\n", "hi\0").expectSuccess()
        #expect(Files.text(path) == "hi")
        #expect(try status(path).permissions == 0o604)
        #expect(try status(path).modified == 77)
    }

    @Test(arguments: [
        "C0644 2 ../out\n", "C0644 2 /tmp/out\n", "D0755 0 ..\n", "E\n", "Q\n", "C0644 -1 x\n",
        String(repeating: "C", count: 100_000), "D0755 0 d\n",
    ])
    func aDishonestClientGetsNowhere(_ line: String) throws {
        let server = try TestServer(starting: false)
        let up = "\(server.scratch)/up"
        try Files.makeDirectory(up)
        let said = try talk(server, ["-t", up], line, "no\0", "C0644 2 x\n", "no\0")
        #expect(said.exit == .code(1))
        #expect(said.errors.contains("does not speak scp's protocol"), "\(said.errors)")
        #expect(Files.names(in: up) == [])
    }

    /// A file of 2^63-1 bytes takes no memory, and its end is its end.
    @Test func aConversationThatEndsInTheMiddle() throws {
        let server = try TestServer(starting: false)
        let path = "\(server.scratch)/a"
        let cut = try talk(server, ["-t", path], "C0644 9223372036854775807 a\n", "some")
        #expect(cut.exit == .code(1))
        #expect(Files.text(path) == "some")
        #expect(try talk(server, ["-r", "-t", path + "d"], "D0755 0 d\n").exit == .code(1))
        #expect(try talk(server, ["-f", path], "").exit == .code(1))
        #expect(try talk(server, ["-t", path], "C0644 1").exit == .code(1))
        #expect(try talk(server, ["-t", path]).exit == .code(0))
    }

    /// Much deeper than a path can be.
    @Test func directoriesWithoutEnd() throws {
        let server = try TestServer(starting: false)
        try Files.makeDirectory("\(server.scratch)/up")
        let said = try server.run(
            TestServer.program, ["scp", "-r", "-t", "\(server.scratch)/up"],
            input: Array(String(repeating: "D0755 0 d\n", count: 10_000).utf8))
        #expect(said.exit == .code(1))
        #expect(said.output.contains("File name too long"))
    }
}
