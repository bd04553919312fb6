import Foundation
import LinuxKit
import Testing

/// What the kernel holds a connection's process to, before and after somebody logs in.
@Suite(.serialized) struct ProcessLimitTests {
    @Test func beforeTheLoginAConnectionCanStartNoProcess() throws {
        let server = try TestServer()
        // That the kernel refuses who stands like this is shown by LinuxKit's tests.
        var seen: Standing?
        try eventually("a connection that has said nothing is held to no processes") {
            let connection = try server.connectSilently()
            // What is not there yet, and what is gone already, is looked at again.
            try eventually("it has a process, or is turned away") {
                seen = server.sessions.lazy.compactMap { Standing(of: $0) }.first {
                    $0.mostProcesses == "0"
                }
                return seen != nil || Self.isClosed(connection)
            }
            return seen != nil
        }
        let stranger = try #require(seen)
        let own = try #require(Standing(of: getpid()))
        #expect(stranger.effectiveUser == own.effectiveUser)
        #expect(stranger.permitted == own.permitted)
        // To the kernel the root of a container is no root: it needs no other user there.
        guard own.effectiveUser == "0", Self.isRootOfMachine else { return }
        #expect(stranger.realUser != "0")
        #expect(stranger.savedUser == "0")
        let (resource, administration) = (UInt64(1) << 24, UInt64(1) << 21)
        #expect(stranger.effective == own.effective & ~(resource | administration))
    }

    @Test func whoLoggedInStartsProgramsAsIfNothingHadBeen() throws {
        let server = try TestServer()
        let client = try server.startSSH("cat /proc/self/status /proc/self/limits; echo ready; cat")
        try eventually("the program runs") { server.clientOutput.contains("ready") }
        let own = try #require(Standing(of: getpid()))
        let program = try #require(
            Standing(status: server.clientOutput, limits: server.clientOutput))
        #expect(program == own.with(mostProcesses: own.mostProcessesAtAll))
        let session = try #require(server.sessions.first.flatMap { Standing(of: $0) })
        #expect(session == program)
        client.signal(SIGKILL)
    }

    private static var isRootOfMachine: Bool {
        let map = (Files.text("/proc/self/uid_map") ?? "").split { $0 == " " || $0 == "\n" }
        return map == ["0", "0", "4294967295"]
    }

    private static func isClosed(_ connection: borrowing FileDescriptor) -> Bool {
        let events = try? Poll.wait([.init(connection.number, .input)], until: .zero)
        guard events?.first?.isReadable == true else { return false }
        if case .end? = try? connection.read(atMost: 4096) { return true }
        return false
    }
}

/// Whose process it is, what it may do and how many it may start, as /proc has it.
private struct Standing: Equatable {
    var realUser, effectiveUser, savedUser: String
    var permitted, effective: UInt64
    /// As the kernel writes them: a number, or "unlimited".
    var mostProcesses, mostProcessesAtAll: String

    init?(of pid: Int32) {
        // In this order: what a process does about its limit it does last.
        guard let limits = Files.text("/proc/\(pid)/limits"),
            let status = Files.text("/proc/\(pid)/status")
        else { return nil }
        self.init(status: status, limits: limits)
    }

    init?(status: String, limits: String) {
        func words(_ text: String, _ name: String) -> [String] {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
            return line?.dropFirst(name.count).split { $0 == " " || $0 == "\t" }.map(String.init)
                ?? []
        }
        let users = words(status, "Uid:")
        let limit = words(limits, "Max processes")
        guard users.count == 4, limit.count == 3,
            let permitted = words(status, "CapPrm:").first.flatMap({ UInt64($0, radix: 16) }),
            let effective = words(status, "CapEff:").first.flatMap({ UInt64($0, radix: 16) })
        else { return nil }
        (realUser, effectiveUser, savedUser) = (users[0], users[1], users[2])
        (self.permitted, self.effective) = (permitted, effective)
        (mostProcesses, mostProcessesAtAll) = (limit[0], limit[1])
    }

    func with(mostProcesses: String) -> Standing {
        var other = self
        other.mostProcesses = mostProcesses
        return other
    }
}
