import Foundation
import JSONKit
import LUKSFixtures
import LinuxKit
import Testing

/// `davit unlock` without a terminal, on image files: `--test` needs no device mapper.
@Suite struct UnlockCommandTests {
    private func crypttab(_ program: Program, _ lines: String...) throws -> String {
        try program.file("crypttab", lines.joined(separator: "\n") + "\n")
    }

    @Test func listsWhatThereIs() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "x")
        let tab = try crypttab(
            program, "root \(image.path) none luks,discard", "late UUID=0-1 none luks",
            "keyed \(image.path) /etc/passwd luks", "odd\\040name /dev/null none luks",
            "extra \(image.path) none luks,shiny")
        let text = try program.run(["unlock", "--list", "--crypttab", tab])
        #expect(text.exit == .code(0))
        #expect(text.output.contains("root      locked"))
        #expect(text.output.contains("UUID=0-1 is not there yet"))
        #expect(
            text.output.contains("Its key is the file /etc/passwd, which the system uses itself."))
        #expect(text.output.contains("extra: the option 'shiny' is unknown and ignored."))

        let json = try program.run(["unlock", "--list", "--json", "--crypttab", tab])
        let list = try #require(try JSON(parsing: json.output).array)
        #expect(list.map { $0["name"]?.string } == ["root", "late", "keyed", "odd name", "extra"])
        #expect(
            list.map { $0["state"]?.string }
                == ["locked", "waiting-for-source", "left-to-system", "failed", "locked"])
        #expect(list[0]["remark"]?.string == "argon2id with 0 MiB")
        #expect(list[1]["missing"]?.string == "UUID=0-1")
        #expect(list[3]["lastError"]?.string?.contains("/dev/null") == true)
        let since = try #require(list[1]["since"]?.int)
        let again = try program.run(["unlock", "--list", "--json", "--crypttab", tab])
        #expect(try JSON(parsing: again.output).array?[1]["since"]?.int == since)
        #expect(program.state("late").contains("waiting-for-source"))
    }

    @Test func readsTheKernelsCommandLine() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "boat")
        let uuid = "6f3c12ce-1c41-4f0e-9a1a-3b9a3f6f9a00"
        let tab = try crypttab(program)
        try FileManager.default.createDirectory(
            atPath: program.scratch + "/proc", withIntermediateDirectories: true)
        _ = try program.file(
            "proc/cmdline",
            "rd.luks.name=\(uuid)=data rd.luks.data=\(uuid)=\(image.path) cryptdevice=UUID=0-1:root\n"
        )
        let environment = ["DAVIT_PROC=\(program.scratch)/proc"]
        let list = try program.run(
            ["unlock", "--list", "--crypttab", tab], environment: environment)
        #expect(list.output.contains("data  locked"))
        #expect(list.output.contains("root  waiting-for-source"))
        _ = try program.file("proc/cmdline", "rd.luks=0 cryptdevice=\(image.path):root\n")
        let none = try program.run(
            ["unlock", "--list", "--crypttab", tab], environment: environment)
        #expect(
            none.output.contains("The kernel line has rd.luks=0: only what is named is opened."))
        #expect(!none.output.contains("root"))
    }

    /// In the list, and to who unlocks: without it nobody would know why a disk is not asked for.
    @Test func namesTheWordsOfTheKernelLineThatCannotBeUsed() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "boat")
        let tab = try crypttab(program)
        try FileManager.default.createDirectory(
            atPath: program.scratch + "/proc", withIntermediateDirectories: true)
        _ = try program.file(
            "proc/cmdline", "rd.luks.uuid=xyz cryptdevice=\(image.path):root\n")
        let environment = ["DAVIT_PROC=\(program.scratch)/proc"]
        let words =
            "kernel line, rd.luks.uuid=: it needs a UUID or the beginning of one; it is ignored."
        let list = try program.run(
            ["unlock", "--list", "--crypttab", tab], environment: environment)
        #expect(list.output.split(separator: "\n").last == words[...], "\(list.output)")
        let test = try program.run(
            ["unlock", "--test", "--crypttab", tab], input: "boat", environment: environment)
        #expect(test.exit == .code(0))
        #expect(test.errors.split(separator: "\n").first == words[...], "\(test.errors)")
    }

    /// As a cryptsetup user knows it: one newline of a pipe is not part of a passphrase, but of a key file.
    @Test(arguments: [
        (["--test"], "boat", 0), (["--test"], "boat\n", 0), (["--test"], "boat\n\n", 1),
        (["--test"], "Boat", 1), (["--test", "--key-file", "-"], "boat", 0),
        (["--test", "--key-file=-"], "boat\n", 1),
    ])
    func takesAPipedPassphrase(options: [String], input: String, code: Int32) throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "boat")
        let tab = try crypttab(program, "root \(image.path) none luks")
        let result = try program.run(["unlock", "--crypttab", tab] + options, input: input)
        #expect(result.exit == .code(code))
        if code == 0 {
            #expect(result.output == "root: the passphrase is right.")
        } else {
            #expect(result.errors.contains("root: no key slot opens with this passphrase."))
            #expect(result.errors.contains("Not open: root. Run 'davit unlock' again"))
            #expect(program.state("root").contains("No key slot opens"))
        }
    }

    @Test func onePassphraseForAllAndAWordForEach() throws {
        let program = try Program()
        let first = try LUKSImage(type: "LUKS1", passphrase: "boat")
        let second = try LUKSImage(type: "LUKS2", passphrase: "boat", detached: true)
        let third = try LUKSImage(type: "LUKS2", passphrase: "other")
        let tab = try crypttab(
            program, "one \(first.path) none luks",
            "two \(second.path) none luks,header=\(second.header ?? "")",
            "three \(third.path) none luks")
        let result = try program.run(["unlock", "--test", "--crypttab", tab], input: "boat\n")
        #expect(result.exit == .code(1))
        #expect(
            Set(result.output.split(separator: "\n"))
                == ["one: the passphrase is right.", "two: the passphrase is right."])
        #expect(result.errors.contains("three: no key slot opens with this passphrase."))
        #expect(result.errors.contains("Not open: three."))
    }

    @Test func takesAPartOfAKeyFile() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "secret")
        let tab = try crypttab(
            program, "root \(image.path) none luks,keyfile-offset=3,keyfile-size=6")
        let key = try program.file("key", "xxxsecretyyy")
        let result = try program.run(["unlock", "--test", "--crypttab", tab, "--key-file", key])
        #expect(result.exit == .code(0))
        let behind = try crypttab(
            program, "root \(image.path) none luks,keyfile-offset=12,keyfile-size=6")
        let none = try program.run(["unlock", "--test", "--crypttab", behind, "--key-file", key])
        #expect(none.exit == .code(1))
        #expect(none.errors.contains("root: keyfile-offset=12 skips all that was given."))
    }

    /// Options of key files say nothing about what is typed, but for Debian's cryptroot, which cuts that, too.
    @Test(arguments: [
        ("kernel-line", "secret", [], 0), ("kernel-line", "xxxsecretyyy", [], 1),
        ("kernel-line", "xxxsecretyyy", ["--key-file", "-"], 0),
        ("cryptroot", "xxxsecretyyy", [], 0), ("cryptroot", "secret", [], 1),
    ])
    func cutsKeysAndNotPassphrases(
        origin: String, input: String, options: [String], code: Int32
    ) throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "secret")
        let cut = "keyfile-offset=3,keyfile-size=6"
        let tab =
            origin == "cryptroot"
            ? try crypttab(program, "root \(image.path) none luks,\(cut)") : try crypttab(program)
        let uuid = "6f3c12ce-1c41-4f0e-9a1a-3b9a3f6f9a00"
        try FileManager.default.createDirectory(
            atPath: program.scratch + "/proc", withIntermediateDirectories: true)
        let line =
            "rd.luks.name=\(uuid)=root rd.luks.data=\(uuid)=\(image.path) rd.luks.options=\(cut)\n"
        _ = try program.file("proc/cmdline", origin == "cryptroot" ? "" : line)
        let result = try program.run(
            ["unlock", "--test", "--crypttab", tab] + options, input: input,
            environment: ["DAVIT_PROC=\(program.scratch)/proc"])
        #expect(result.exit == .code(code), "\(result.output) \(result.errors)")
    }

    /// It may still come, or be plugged in again; what is neither path nor UUID is a slip.
    @Test(arguments: [
        "/dev/davit-no-such", "UUID=6f3c12ce-1c41-4f0e-9a1a-000000000000",
        "6F3C12CE-1c41-4f0e-9a1a-000000000000", "luks-6f3c12ce-1c41-4f0e-9a1a-000000000000",
    ])
    func waitsForWhatIsNamedAndNotThere(name: String) throws {
        let program = try Program()
        let result = try program.run(["unlock", "--test", "--wait", "1", name], input: "x")
        #expect(result.exit == .code(99), "\(result.errors)")
        #expect(result.errors.contains(" is not there yet; waiting for it, 1 s at most."))
        // A slip is not shown as a missing disk from then on.
        #expect(
            Files.names(in: program.scratch + "/run/unlock").allSatisfy { !$0.hasSuffix(".json") })
    }

    /// A block device that no driver answers for: the numbers 60 to 63 are nobody's.
    /// Source: linux Documentation/admin-guide/devices.txt.
    private static func makeDeadDevice(_ path: String) -> Bool {
        mknod(path, S_IFBLK | 0o600, 60 << 8) == 0 && open(path, O_RDONLY) < 0 && errno == ENXIO
    }

    private static let canMakeDeadDevice: Bool = {
        let path = NSTemporaryDirectory() + "/davit-dead-\(getpid())"
        defer { unlink(path) }
        return makeDeadDevice(path)
    }()

    @Test(.enabled(if: canMakeDeadDevice, "needs root, and a directory where device nodes work"))
    func waitsForADeviceThatGivesNoAnswer() throws {
        let program = try Program()
        let dead = program.scratch + "/dead"
        #expect(Self.makeDeadDevice(dead))
        let tab = try crypttab(program, "root \(dead) none luks")
        let result = try program.run(
            ["unlock", "--test", "--crypttab", tab, "--wait", "1"], input: "x")
        #expect(result.exit == .code(99), "\(result.errors)")
        #expect(
            result.errors.contains(
                "root: a readable \(dead) (No such device or address) is not there yet"))
    }

    @Test func nobodyIsTryingOnceTheTryingIsKilled() throws {
        let program = try Program()
        try Files.makeDirectory(program.scratch + "/run/unlock")
        _ = try program.file("run/unlock/root.json", #"{"name": "root", "state": "trying"}"#)
        func state() throws -> String? {
            let status = try JSON(parsing: program.run(["status", "--json"]).output)
            return status["unlock"]?.array?.first?["state"]?.string
        }
        #expect(try state() == "locked")
        let lock = try LockFile(taking: program.scratch + "/run/unlock/lock")
        #expect(try state() == "trying")
        _ = consume lock
    }

    @Test func theStatusSaysWhatIsMissing() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "x")
        let tab = try crypttab(
            program, "late UUID=0-1 none luks", "cut \(image.path) none luks,header=/no/header")
        _ = try program.run(["unlock", "--list", "--crypttab", tab])
        let lines = try program.run(["status"]).output.split(separator: "\n")
        let late = try #require(lines.first { $0.contains("late: ") })
        #expect(late.hasSuffix(" (UUID=0-1)") && late.contains("waiting-for-source since "))
        let cut = try #require(lines.first { $0.contains("cut: ") })
        #expect(cut.hasSuffix(" (\(image.path)); missing: its header /no/header"))
    }

    @Test func waitsForWhatIsMissingAndSaysSo() throws {
        let program = try Program()
        let tab = try crypttab(program, "late /dev/no-such none luks")
        let result = try program.run(
            ["unlock", "--test", "--crypttab", tab, "--wait", "1"], input: "x")
        #expect(result.exit == .code(99))
        #expect(result.errors.contains("late: /dev/no-such is not there yet; waiting for it"))
        #expect(result.errors.contains("Did not come in time: late."))
    }

    @Test func opensWhatComesWhileItWaits() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "x")
        let late = program.scratch + "/late.img"
        let tab = try crypttab(program, "late \(late) none luks")
        let into = try Program.Input()
        let from = try FileDescriptor.pipe()
        var request = program.request(
            ["unlock", "--test", "--crypttab", tab, "--wait", "600", "--key-file", "-"])
        request.input = into.number
        request.error = from.writing.number
        var child = try ChildProcess(starting: request)
        try into.feed("x")
        try from.reading.setNonBlocking()
        var words = ""
        let deadline = Clock.now + patience
        while !words.contains("waiting for it"), Clock.now < deadline {
            _ = try Poll.wait([.init(from.reading.number, .input)], until: deadline)
            guard case .bytes(let more) = try from.reading.read(atMost: 1000) else { continue }
            words += String(decoding: more, as: UTF8.self)
        }
        #expect(words.contains("waiting for it"))
        #expect(link(image.path, late) == 0)
        #expect(try child.wait(until: Clock.now + patience) == .code(0))
    }

    @Test(arguments: [
        (["nope"], "x", "Unknown: nope. 'davit unlock --list' names what can be opened.", 1),
        ([], "", "The passphrase is empty. Pipe it in, or give --key-file FILE.", 1),
        (
            [], String(repeating: "x", count: 513),
            "The passphrase is longer than 512 bytes. A key is given with --key-file.", 1
        ),
        (["--key-file", "/no/key"], "", "Cannot open /no/key: No such file or directory.", 1),
        (["--json"], "", "--json goes with --list.", 100),
        (["--wait", "soon"], "", "--wait soon: give a whole number from 0 to 86400.", 100),
    ])
    func refuses(options: [String], input: String, words: String, code: Int32) throws {
        let program = try Program()
        let tab = try crypttab(program, "late /dev/no-such none luks")
        let result = try program.run(
            ["unlock", "--test", "--crypttab", tab] + options, input: input)
        #expect(result.exit == .code(code))
        #expect(result.errors.contains(words))
    }

    @Test func namesTheLinkedLibraries() throws {
        let lines = try Program().run(["version"]).output.split(separator: "\n")
        for name in ["libblkid", "libcryptsetup", "libdevmapper", "OpenSSL", "json-c"] {
            let line = try #require(lines.first { $0.hasPrefix(name + " ") })
            #expect(line.dropFirst(name.count + 1).first?.isNumber == true, "\(line)")
        }
    }

    /// While a worker derives, and after it: the passphrase stands in no command line, environment or file.
    @Test func thePassphraseIsNowhereToBeRead() throws {
        let program = try Program()
        let passphrase = "Ankerwinde-8823"
        let image = try LUKSImage(
            type: "LUKS2", passphrase: passphrase, memoryKiB: 65536, rounds: 30)
        let tab = try crypttab(program, "root \(image.path) none luks")
        let into = try Program.Input()
        var request = program.request(["unlock", "--test", "--crypttab", tab, "--key-file", "-"])
        request.input = into.number
        var child = try ChildProcess(starting: request)
        try into.feed(passphrase)

        let deadline = Clock.now + patience
        var worker: Int32?
        while worker == nil, Clock.now < deadline {
            // A child that has not yet become the worker still has its parent's command line.
            worker = children(of: child.pid).first {
                (try? Files.read("/proc/\($0)/cmdline")).map { contains($0, "unlock-worker") }
                    ?? false
            }
            _ = try Poll.wait([], until: Clock.now + .milliseconds(5))
        }
        let found = try #require(worker)
        // It has its second of work still before it when it is looked at, however late that is.
        kill(found, SIGSTOP)
        for pid in [child.pid, found] {
            for file in ["cmdline", "environ"] {
                let bytes = try Files.read("/proc/\(pid)/\(file)")
                #expect(!contains(bytes, passphrase), "\(file) of process \(pid)")
            }
        }
        kill(found, SIGCONT)
        #expect(try child.wait(until: Clock.now + patience) == .code(0))
        #expect(!program.everything().isEmpty)
        #expect(!program.everything().contains(passphrase))
    }

    @Test func workersEndWithTheirParent() throws {
        let program = try Program()
        let image = try LUKSImage(type: "LUKS2", passphrase: "x", memoryKiB: 65536, rounds: 200)
        let tab = try crypttab(program, "root \(image.path) none luks")
        let key = try program.file("key", "x")
        var child = try ChildProcess(
            starting: program.request(["unlock", "--test", "--crypttab", tab, "--key-file", key]))
        let deadline = Clock.now + patience
        while children(of: child.pid).isEmpty, Clock.now < deadline {
            _ = try Poll.wait([], until: Clock.now + .milliseconds(5))
        }
        let number = try #require(children(of: child.pid).first)
        guard let worker = OtherProcess(number) else {
            Issue.record("the worker has ended already")
            return
        }
        child.signal(SIGKILL)
        #expect(try child.wait(until: Clock.now + patience) == .signal(SIGKILL))
        #expect(try worker.waitForEnd(until: Clock.now + patience))
        // The next attempt is not held up by what the killed one left.
        let result = try program.run(
            ["unlock", "--test", "--crypttab", tab, "--timeout", "1", "--key-file", key])
        #expect(result.errors.contains("root: The key derivation was given up after 1 s."))
    }

    /// A worker that is told to end overwrites its memory itself, while the threads of its derivation run.
    @Test func aWorkerEndsByItselfWhenItIsTold() throws {
        let program = try Program()
        let image = try LUKSImage(
            type: "LUKS2", passphrase: "x", memoryKiB: 65536, rounds: 80, threads: 2)
        let tab = try crypttab(program, "root \(image.path) none luks")
        let key = try program.file("key", "x")
        let errors = program.scratch + "/errors"
        let file = try FileDescriptor(opening: errors, O_CREAT | O_RDWR, mode: 0o600)
        var request = program.request(["unlock", "--test", "--crypttab", tab, "--key-file", key])
        request.error = file.number
        var child = try ChildProcess(starting: request)
        let deadline = Clock.now + patience
        var worker: Int32?
        while worker == nil, Clock.now < deadline {
            worker = children(of: child.pid).first { Files.names(in: "/proc/\($0)/task").count > 1 }
            _ = try Poll.wait([], until: Clock.now + .milliseconds(5))
        }
        let number = try #require(worker, "the derivation has threads")
        try OtherProcess(number)?.signal(SIGTERM)
        #expect(try child.wait(until: Clock.now + patience) == .code(1))
        let words = Files.text(errors) ?? ""
        #expect(words.contains("Its worker ended with exit code 143"), "\(words)")
    }

    private func children(of pid: Int32) -> [Int32] {
        let text = Files.text("/proc/\(pid)/task/\(pid)/children") ?? ""
        return text.split(separator: " ").compactMap { Int32($0) }
    }

    private func contains(_ bytes: [UInt8], _ text: String) -> Bool {
        Data(bytes).range(of: Data(text.utf8)) != nil
    }
}
