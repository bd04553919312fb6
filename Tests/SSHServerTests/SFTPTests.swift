import Foundation
import LinuxKit
import Testing

/// OpenSSH's sftp and scp.
@Suite(.serialized) struct SFTPTests {
    private func sftp(_ server: TestServer, _ lines: String...) throws -> TestServer.Finished {
        let batch = "\(server.scratch)/batch"
        try Files.replace(batch, with: lines.joined(separator: "\n") + "\n")
        return try server.run(
            "/usr/bin/sftp", ["-b", batch] + server.copyArguments + ["root@127.0.0.1"])
    }

    @Test func carriesFilesBothWaysWithTheirModesAndTimes() throws {
        let server = try TestServer()
        let here = server.scratch
        let data = random(5 << 20)
        try Files.replace("\(here)/a", with: data, mode: 0o640)
        try server.run("/usr/bin/touch", ["-d", "2021-03-04 05:06:07", "\(here)/a"]).expectSuccess()
        try sftp(
            server, "mkdir \(here)/d", "put -p \(here)/a \(here)/d/a",
            "rename \(here)/d/a \(here)/d/b", "symlink b \(here)/d/l", "ln \(here)/d/b \(here)/d/h",
            "get -p \(here)/d/l \(here)/back", "ls -la \(here)/d", "df \(here)"
        ).expectSuccess()
        #expect(try Files.read("\(here)/back", limit: 1 << 30) == data)
        #expect(Files.linkTarget("\(here)/d/l") == "b")
        var (first, last) = (stat(), stat())
        #expect(stat("\(here)/a", &first) == 0 && stat("\(here)/back", &last) == 0)
        #expect(first.st_mtim.tv_sec == last.st_mtim.tv_sec && first.st_mode == last.st_mode)
    }

    @Test func goesOnWithAnUploadThatWasCutOff() throws {
        let server = try TestServer()
        let here = server.scratch
        let data = random(1 << 20)
        try Files.replace("\(here)/a", with: data)
        try Files.replace("\(here)/b", with: Array(data.prefix(300_001)))
        try sftp(server, "reput \(here)/a \(here)/b").expectSuccess()
        #expect(try Files.read("\(here)/b", limit: 1 << 30) == data)
    }

    @Test(arguments: [
        ("get /no/such/file", "not found"), ("rmdir /proc/1", "Permission denied"),
        ("cd /etc/passwd", "directory"),
    ])
    func saysWhatIsWrong(_ line: String, _ words: String) throws {
        let server = try TestServer()
        let result = try sftp(server, line)
        #expect(result.exit == .code(1))
        #expect((result.output + result.errors).contains(words), "\(result.errors)")
    }

    /// Version 3 says so; posix-rename, which OpenSSH's client uses where it can, replaces.
    @Test func renamesOntoAFileOnlyWithPosixRename() throws {
        let server = try TestServer()
        let here = server.scratch
        try Files.replace("\(here)/a", with: "a")
        try Files.replace("\(here)/b", with: "b")
        #expect(try sftp(server, "rename -l \(here)/a \(here)/b").exit == .code(1))
        #expect(Files.text("\(here)/b") == "b")
        try sftp(server, "rename \(here)/a \(here)/b").expectSuccess()
        #expect(Files.text("\(here)/b") == "a")
    }

    @Test func scpCarriesTreesBothWays() throws {
        let server = try TestServer()
        let here = server.scratch
        try Files.makeDirectory("\(here)/tree/deep")
        let data = random(300_000)
        try Files.replace("\(here)/tree/deep/file", with: data, mode: 0o600)
        let arguments = ["-p", "-r"] + server.copyArguments
        try server.run("/usr/bin/scp", arguments + ["\(here)/tree", "root@127.0.0.1:\(here)/up"])
            .expectSuccess()
        try server.run("/usr/bin/scp", arguments + ["root@127.0.0.1:\(here)/up", "\(here)/down"])
            .expectSuccess()
        #expect(try Files.read("\(here)/down/deep/file", limit: 1 << 30) == data)
    }

    @Test func aForcedCommandWinsOverTheSubsystem() throws {
        let server = try TestServer(options: "restrict,command=\"version\"")
        #expect(try sftp(server, "pwd").exit != .code(0))
        let files = try TestServer(options: "restrict,command=\"internal-sftp -R\"")
        try sftp(files, "ls /").expectSuccess()
        let refused = try sftp(files, "mkdir \(files.scratch)/no")
        #expect(refused.exit == .code(1) && !Files.exists("\(files.scratch)/no"))
    }

    @Test func restrictAloneLetsFilesThrough() throws {
        let server = try TestServer(options: "restrict")
        try sftp(server, "ls /").expectSuccess()
    }

    /// SFTP has no word for it, and OpenSSH's client shows none of the server's; standard error it shows.
    @Test func saysThatTheDiskIsFull() throws {
        let server = try TestServer()
        try Files.replace("\(server.scratch)/a", with: [UInt8](repeating: 1, count: 100_000))
        let result = try sftp(server, "put \(server.scratch)/a /dev/full")
        #expect(result.exit == .code(1))
        #expect(result.errors.contains("Cannot write to /dev/full: No space left on device"))
    }
}
