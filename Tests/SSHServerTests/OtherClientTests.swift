import Foundation
import LUKSFixtures
import LinuxKit
import Testing

/// paramiko, which does what OpenSSH's client does not: scripts log in with it.
@Suite(.serialized, .enabled(if: Paramiko.isPossible, "needs python3-paramiko"))
struct ParamikoTests {
    private func paramiko(
        _ server: TestServer, _ story: String, _ arguments: String...
    ) throws -> TestServer.Finished {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/ssh/paramiko-client.py").standardized.path
        return try server.run(
            SecurityKeyAgent.python,
            [script, "\(server.port)", "\(server.scratch)/ed25519", story] + arguments)
    }

    /// RFC 4254 allows it: what comes before the program is the program's.
    @Test func whatIsSentBeforeTheProgramIsItsInput() throws {
        let server = try TestServer()
        let result = try paramiko(server, "early", "cat", "early ", "and late")
        #expect(result.output == "early and lateexit 0\n", "\(result.errors)")
    }

    @Test func soIsTheBeginningOfAPassphrase() throws {
        let server = try TestServer()
        let image = try LUKSImage(type: "LUKS2", passphrase: "Rettungsring")
        let tab = server.scratch + "/crypttab"
        try Files.replace(tab, with: "root \(image.path) none luks\n")
        let result = try paramiko(
            server, "early", "unlock --test --wait 0 --crypttab \(tab)", "Rettungs", "ring")
        #expect(
            result.output == "root: the passphrase is right.\nexit 0\n", "\(result.errors)")
    }

    @Test(arguments: ["USR1", "TERM", "INT"]) func signalsArriveByTheirNames(name: String) throws {
        let server = try TestServer()
        let result = try paramiko(
            server, "signal",
            "trap 'echo got \(name); exit 5' \(name); echo ready; while :; do sleep 0.01; done",
            name)
        #expect(result.output == "ready\ngot \(name)\nexit 5\n", "\(result.errors)")
    }

    /// What a stranger can make libssh deal with before a login is bounded.
    @Test func tooManyPacketsBeforeALoginEndTheConnection() throws {
        let server = try TestServer()
        let result = try paramiko(server, "stranger", "1000")
        #expect(result.output == "ended\n", "\(result.errors)")
        try server.expectLogged(" packets and no login; closed")
        try server.ssh("version").expectSuccess()
    }

    @Test func carriesFiles() throws {
        let server = try TestServer()
        let directory = server.scratch + "/files"
        try Files.makeDirectory(directory)
        let result = try paramiko(server, "sftp", directory)
        #expect(
            result.output == """
                ['link', 'old'] 0o100640 1000000001 True
                10 \(server.scratch)

                """, "\(result.errors)")
    }
}

enum Paramiko {
    static var isPossible: Bool {
        var request = ChildProcess.Request(SecurityKeyAgent.python, ["-c", "import paramiko"])
        request.environment = ["PATH=/usr/bin:/bin"]
        var child = try? ChildProcess(starting: request)
        return (try? child?.wait(until: Clock.now + patience)) == .code(0)
    }
}

/// A directory of the server's, mounted: sshfs sends what no other client does.
@Suite(.serialized, .enabled(if: SSHFS.isPossible, "needs root, sshfs and /dev/fuse"))
struct SSHFSTests {
    @Test func mountsADirectoryAndWorksInIt() throws {
        let server = try TestServer()
        for name in ["far", "near"] { try Files.makeDirectory("\(server.scratch)/\(name)") }
        let options = [
            "-o", "IdentityFile=\(server.scratch)/ed25519", "-o", "IdentitiesOnly=yes",
            "-o", "UserKnownHostsFile=\(server.scratch)/known_hosts", "-o",
            "ssh_command=ssh -F none",
        ].joined(separator: "' '")
        // In a namespace of mounts, with which the mount goes away however the test ends.
        let result = try server.run(
            "/usr/bin/unshare",
            [
                "-m", "/bin/sh", "-exc",
                """
                cd '\(server.scratch)'
                sshfs -p \(server.port) '\(options)' root@127.0.0.1:'\(server.scratch)/far' near
                head -c 3000000 /dev/urandom >data
                cp -p data near/copy
                cmp near/copy data
                mkdir near/d && mv near/copy near/d/moved && ln -s d/moved near/l
                chmod 600 near/l && touch -d @1000000000 near/d/moved
                printf end >>near/d/moved && truncate -s 3000001 near/d/moved
                stat -c '%s %a %F' near/d/moved && readlink near/l && ls near
                dd if=/dev/zero of=near/d/moved bs=1 seek=5 count=1 conv=notrunc,fsync status=none
                df near >/dev/null
                rm near/d/moved near/l && rmdir near/d && ls -A near
                umount near
                """,
            ])
        #expect(result.output == "3000001 600 regular file\nd/moved\nd\nl\n", "\(result.errors)")
        result.expectSuccess()
    }
}

enum SSHFS {
    static var isPossible: Bool {
        getuid() == 0 && access("/usr/bin/sshfs", X_OK) == 0 && open("/dev/fuse", O_RDWR) >= 0
    }
}
