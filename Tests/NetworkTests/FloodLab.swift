import Foundation
import JSONKit
import LinuxKit
import Recorder
import Testing

/// A namespace with `davit sshd`, and one in which every address of some prefixes is ours.
final class FloodLab {
    /// The program as it ships where it is there: a debugging build needs three times the processor for each stranger.
    static let program =
        ProcessInfo.processInfo.environment["DAVIT_FLOODED"] ?? NetworkLab.program

    private let directory: String
    private let world: Namespace
    private let server: Namespace
    private var sshd: ChildProcess?

    init() throws {
        directory = NSTemporaryDirectory() + "davit-flood-\(UUID().uuidString)"
        for name in ["", "/etc", "/run", "/dev"] { try Files.makeDirectory(directory + name) }
        world = try Namespace(scratch: directory)
        server = try Namespace(scratch: directory)
        try server.shell(
            """
            ip link add srv type veth peer name wld && ip link set wld netns \(world.pid) \
            && ip address add 10.66.0.1/30 dev srv && ip -6 address add fd66::1/64 dev srv nodad \
            && ip link set srv up && ip route add default via 10.66.0.2 \
            && ip -6 route add default via fd66::2
            """)
        // Whatever is in these prefixes is here.
        try world.shell(
            """
            ip address add 10.66.0.2/30 dev wld && ip -6 address add fd66::2/64 dev wld nodad \
            && ip link set wld up && ip route add local 128.0.0.0/2 dev lo \
            && ip route add local 198.18.0.0/15 dev lo && ip -6 route add local 2001:db8::/32 dev lo \
            && echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind
            """)
        try startServer()
    }

    deinit {
        sshd?.signal(SIGTERM)
        _ = try? sshd?.wait(until: Clock.now + .seconds(5))
        sshd = nil
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func startServer() throws {
        symlink("/dev/ptmx", directory + "/dev/ptmx")
        try server.shell("\(Self.program) keygen \(directory)/etc")
        try server.shell("ssh-keygen -q -t ed25519 -N '' -f \(directory)/key")
        let line = Files.text(directory + "/key.pub") ?? ""
        try Files.replace(directory + "/etc/authorized_keys", with: line + "\n")
        var request = server.request(
            [Self.program, "sshd", "--config", directory + "/etc"],
            environment: ["DAVIT_RUN=\(directory)/run", "DAVIT_DEV=\(directory)/dev"])
        request.output = -1
        sshd = try ChildProcess(starting: request)
        try wait(for: "the server listens") {
            listener?["listening"]?.array?.isEmpty == false
        }
    }

    var log: String { Recording.text(of: directory + "/run") ?? "" }
    private var listener: JSON? {
        Files.text(directory + "/run/ssh/listener.json").flatMap { try? JSON(parsing: $0) }
    }
    var pid: Int32 { sshd?.pid ?? 0 }
    var accepted: Int { listener?["accepted"]?.int ?? 0 }

    func wait(for what: String, _ isSo: () throws -> Bool) throws {
        let deadline = Clock.now + patience
        while try !isSo() {
            guard Clock.now < deadline else {
                throw LabError("not within \(patience.inWords): \(what)\n\(log)")
            }
            usleep(10_000)
        }
    }

    struct Login {
        let exit: ChildProcess.Exit?
        let took: Duration
        let errors: String
    }

    /// Logs in with OpenSSH's client from an address of its own, far from those of other numbers.
    func logIn(from number: Int) throws -> Login {
        let errors = try FileDescriptor(emptying: directory + "/errors", mode: 0o600)
        var request = world.request([
            "/usr/bin/ssh", "-F", "none", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=no",
            "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
            "-o", "LogLevel=ERROR", "-i", directory + "/key", "-b", "198.18.\(number).7",
            "root@10.66.0.1", "version",
        ])
        request.error = errors.number
        let begin = Clock.now
        var client = try ChildProcess(starting: request)
        let exit = try client.wait(until: begin + patience)
        return Login(
            exit: exit, took: Clock.now - begin, errors: Files.text(directory + "/errors") ?? "")
    }

    /// Strangers under way.
    struct Flood: ~Copyable {
        private var child: ChildProcess
        private var input: FileDescriptor?
        private let output: FileDescriptor

        var pid: Int32 { child.pid }

        init(_ request: ChildProcess.Request) throws {
            var request = request
            let input = try FileDescriptor.pipe().split()
            let output = try FileDescriptor.pipe().split()
            let theirs = FileDescriptor(adopting: input.reading)
            let writing = FileDescriptor(adopting: output.writing)
            request.input = theirs.number
            request.output = writing.number
            child = try ChildProcess(starting: request)
            self.input = FileDescriptor(adopting: input.writing)
            self.output = FileDescriptor(adopting: output.reading)
        }

        /// Ends it.
        /// - Returns: how many connections it opened, and in what time.
        consuming func end() throws -> (opened: Int, seconds: Double) {
            input = nil
            guard try child.wait(until: Clock.now + patience) == .code(0),
                case .bytes(let bytes) = try output.read(atMost: 200)
            else { throw LabError("the flood did not end well") }
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
            guard let opened = words.first.flatMap({ Int($0) }),
                let seconds = words.dropFirst(2).first.flatMap({ Double($0) })
            else { throw LabError("the flood says \(words)") }
            return (opened, seconds)
        }
    }

    func startFlood(_ kind: String, from sources: String, perMinute: Int) throws -> Flood {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/ssh/flood.py").standardized.path
        let isVersion4 = sources.utf8.contains(UInt8(ascii: "."))
        return try Flood(
            world.request([
                "/usr/bin/python3", script, isVersion4 ? "10.66.0.1" : "fd66::1", "22", sources,
                kind, "\(perMinute)",
            ]))
    }
}
