import Foundation
import LinuxKit
import ProcessMemory
import Recorder
import Testing

/// A locked disk, and OpenSSH's client that has nothing but its passphrase.
@Suite(
    .serialized, .enabled(if: PassphraseLab.hasLoopDevice, "no loop device can be had here"))
struct PassphraseLoginTests {
    @Test(.enabled(if: PassphraseLab.hasDeviceMapper, "this kernel has no device-mapper"))
    func thePassphraseOfALockedDiskLogsInByOpeningIt() throws {
        let lab = try PassphraseLab(["--passphrase-login"])
        let wrong = try lab.logIn("Tr0ub4dor&3")
        #expect(wrong.exit == .code(255))
        #expect(wrong.errors.contains("Permission denied (publickey,keyboard-interactive)"))
        #expect(!lab.isOpen)
        lab.expectLogged("refused a passphrase: it opens nothing that is locked")

        let right = try lab.logIn(PassphraseLab.passphrase)
        #expect(right.exit == .code(0), "\(right.errors) \(lab.log)")
        #expect(right.output.hasPrefix("davit "))
        #expect(lab.isOpen)
        lab.expectLogged("root logged in with the passphrase of a disk")

        // Nothing is locked any more: now it proves nothing, and is not offered a second time.
        let again = try lab.logIn(PassphraseLab.passphrase)
        #expect(again.exit == .code(255))
        lab.expectLogged("nothing is locked, so that it proves nothing")
        #expect(!lab.log.contains(PassphraseLab.passphrase))
    }

    @Test func aWrongPassphraseIsToldSoAndTheLineIsFreeAgain() throws {
        let lab = try PassphraseLab(["--passphrase-login"])
        let result = try lab.logIn("Tr0ub4dor&3", prompts: 2)
        #expect(result.exit == .code(255))
        #expect(result.errors.contains("This passphrase opens nothing that is locked."))
        #expect(!lab.log.contains("another one was being tried"))
    }

    /// The session goes on, and asks for the next one: nothing of the last one is left in it.
    @Test func aPassphraseThatWasTriedIsNowhere() throws {
        let lab = try PassphraseLab(["--passphrase-login"], iterations: 2_000_000)
        let typed = "Neun Rettungsringe 4714 steuerbord"
        let client = try lab.startLogin(typed)
        func wait(_ what: String, _ condition: () -> Bool) {
            let deadline = Clock.now + patience
            while !condition(), Clock.now < deadline { usleep(10_000) }
            #expect(Clock.now < deadline, "\(what): \(lab.log)")
        }
        wait("the search finds it while a key is derived") {
            !ProcessMemory.holders(of: typed, below: lab.server).isEmpty
        }
        wait("it is refused") { lab.log.contains("refused a passphrase: it opens nothing") }
        wait("the next one is asked for") { lab.wasAskedAgain }
        #expect(ProcessMemory.holders(of: typed, below: lab.server).isEmpty)
        client.signal(SIGKILL)
    }

    @Test func noPassphraseLogsInUnlessDavitIsToldSo() throws {
        let lab = try PassphraseLab([])
        let result = try lab.logIn(PassphraseLab.passphrase)
        #expect(result.exit == .code(255))
        #expect(result.errors.contains("Permission denied (publickey)"))
        #expect(!lab.isOpen)
    }

    @Test func nobodyButRootLogsInWithIt() throws {
        let lab = try PassphraseLab(["--passphrase-login"])
        #expect(try lab.logIn(PassphraseLab.passphrase, user: "admin").exit == .code(255))
        #expect(!lab.isOpen)
    }
}

/// A disk image with LUKS behind a loop device, which the namespace's crypttab names.
private final class PassphraseLab {
    static var hasDeviceMapper: Bool {
        var request = ChildProcess.Request("/sbin/dmsetup", ["version"])
        request.environment = Namespace.environment
        var child = try? ChildProcess(starting: request)
        return (try? child?.wait(until: Clock.now + patience)) == .code(0)
    }

    /// Whether a file can be made a disk, which needs more than the right to: not each container has the devices.
    static var hasLoopDevice: Bool {
        let path = NSTemporaryDirectory() + "davit-loop-\(UUID().uuidString)"
        var request = ChildProcess.Request(
            "/bin/sh",
            [
                "-c",
                """
                truncate -s 1M \(path) && device=$(losetup --find --show \(path)); status=$?
                [ -z "$device" ] || losetup --detach "$device"; rm -f \(path); exit $status
                """,
            ])
        request.environment = Namespace.environment
        var child = try? ChildProcess(starting: request)
        return (try? child?.wait(until: Clock.now + patience)) == .code(0)
    }

    static let passphrase = "correct horse battery staple"

    private let directory: String
    private let name = "davit-login-\(UUID().uuidString.prefix(8))"
    private let namespace: Namespace
    private var sshd: ChildProcess?
    /// Holds the janitor's input open, which closes the disk when this process ends, however it does.
    private var janitor: FileDescriptor?

    init(_ options: [String], iterations: Int = 1000) throws {
        directory = NSTemporaryDirectory() + "davit-login-\(UUID().uuidString)"
        for name in ["", "/etc", "/run", "/dev"] { try Files.makeDirectory(directory + name) }
        namespace = try Namespace(scratch: directory)
        let device =
            try namespace.shell(
                """
                truncate -s 20M \(directory)/disk && printf '%s' '\(Self.passphrase)' \
                | cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations \(iterations) \
                --key-file - \(directory)/disk && losetup --find --show \(directory)/disk
                """
            ).split(separator: "\n").last.map(String.init) ?? ""
        try startJanitor(device)
        // The namespace's /etc is a copy in memory, so that the machine's stays as it is.
        try Files.makeDirectory(directory + "/layer")
        try namespace.shell(
            """
            mount -t tmpfs tmpfs \(directory)/layer && cd \(directory)/layer && mkdir upper work \
            && mount -t overlay overlay -o lowerdir=/etc,upperdir=$PWD/upper,workdir=$PWD/work /etc \
            && echo '\(name) \(device) none luks' >/etc/crypttab
            """)
        try namespace.shell("\(NetworkLab.program) keygen \(directory)/etc")
        try Files.replace(directory + "/etc/authorized_keys", with: "")
        try Files.replace(
            directory + "/askpass", with: "#!/bin/sh\ncat \(directory)/typed\n", mode: 0o700)
        var request = namespace.request(
            [NetworkLab.program, "sshd", "--config", directory + "/etc"] + options,
            environment: ["DAVIT_RUN=\(directory)/run"])
        request.output = -1
        sshd = try ChildProcess(starting: request)
        let deadline = Clock.now + patience
        while !log.contains("listening on") {
            guard Clock.now < deadline else { throw LabError("no server: \(log)") }
            usleep(10_000)
        }
    }

    deinit {
        sshd?.signal(SIGTERM)
        _ = try? sshd?.wait(until: Clock.now + .seconds(5))
        sshd = nil
        janitor = nil
        let deadline = Clock.now + patience
        while isOpen, Clock.now < deadline { usleep(10_000) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func startJanitor(_ device: String) throws {
        let pipe = try FileDescriptor.pipe().split()
        let reading = FileDescriptor(adopting: pipe.reading)
        janitor = FileDescriptor(adopting: pipe.writing)
        var request = ChildProcess.Request(
            "/bin/sh",
            [
                "-c",
                "cat; dmsetup remove --retry \(name) 2>/dev/null; losetup --detach \(device)",
            ])
        request.environment = Namespace.environment
        request.input = reading.number
        request.newSession = true
        request.diesWithParent = false
        var child = try ChildProcess(starting: request)
        child.detach()
    }

    var log: String { Recording.text(of: directory + "/run") ?? "" }

    /// Waits for words in the log: the client may be told before the server has written them down.
    func expectLogged(_ words: String, location: SourceLocation = #_sourceLocation) {
        let deadline = Clock.now + patience
        while !log.contains(words), Clock.now < deadline { usleep(10_000) }
        #expect(log.contains(words), "\(log)", sourceLocation: location)
    }

    var server: Int32 { sshd?.pid ?? -1 }
    var wasAskedAgain: Bool { Files.exists(directory + "/asked-again") }

    /// Logs in with a passphrase once, and then leaves the next question unanswered.
    func startLogin(_ passphrase: String) throws -> ChildProcess {
        try Files.replace(directory + "/typed", with: passphrase + "\n", mode: 0o600)
        try Files.replace(
            directory + "/askpass",
            with: """
                #!/bin/sh
                [ ! -e \(directory)/asked ] || { >\(directory)/asked-again; exec sleep 1000; }
                >\(directory)/asked
                cat \(directory)/typed

                """, mode: 0o700)
        return try ChildProcess(starting: loginRequest(user: "root", prompts: 3))
    }
    var isOpen: Bool { Files.exists("/dev/mapper/\(name)") }

    struct Login {
        let exit: ChildProcess.Exit?
        let output, errors: String
    }

    func logIn(
        _ passphrase: String, user: String = "root", prompts: Int = 1
    ) throws -> Login {
        try Files.replace(directory + "/typed", with: passphrase + "\n", mode: 0o600)
        let paths = ["/output", "/errors"].map { directory + $0 }
        let output = try FileDescriptor(emptying: paths[0], mode: 0o600)
        let errors = try FileDescriptor(emptying: paths[1], mode: 0o600)
        var request = loginRequest(user: user, prompts: prompts)
        request.output = output.number
        request.error = errors.number
        var client = try ChildProcess(starting: request)
        let exit = try client.wait(until: Clock.now + patience)
        return Login(
            exit: exit, output: Files.text(paths[0]) ?? "", errors: Files.text(paths[1]) ?? "")
    }

    private func loginRequest(user: String, prompts: Int) -> ChildProcess.Request {
        namespace.request(
            [
                "/usr/bin/ssh", "-F", "none", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=no",
                "-o", "IdentityFile=none", "-o", "IdentityAgent=none",
                "-o", "NumberOfPasswordPrompts=\(prompts)", "\(user)@127.0.0.1", "version",
            ],
            environment: ["SSH_ASKPASS=\(directory)/askpass", "SSH_ASKPASS_REQUIRE=force"])
    }
}
