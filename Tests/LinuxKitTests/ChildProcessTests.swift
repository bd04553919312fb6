import Foundation
import LinuxKit
import Testing

@Suite struct ChildProcessTests {
    @Test func reportsTheExitCode() throws {
        var child = try ChildProcess(starting: .init("/bin/sh", ["-c", "exit 7"]))
        #expect(try child.wait(until: Clock.now + .seconds(180)) == .code(7))
    }

    @Test func reportsTheSignal() throws {
        var child = try ChildProcess(starting: .init("/bin/sh", ["-c", "kill -9 $$"]))
        #expect(try child.wait(until: Clock.now + .seconds(180)) == .signal(9))
    }

    @Test func namesWhatCannotBeStarted() {
        let missing = SystemError("start", "/no/such/program", code: 2)
        #expect(throws: missing) {
            _ = try ChildProcess(starting: .init("/no/such/program", ["now"]))
        }
    }

    @Test func stillRunsAtTheDeadlineAndIsKilledWhenDropped() throws {
        var child = try ChildProcess(starting: .init("/bin/sleep", ["1000"]))
        let pid = child.pid
        #expect(try child.wait(until: Clock.now + .milliseconds(20)) == nil)
        drop(child)
        #expect(kill(pid, 0) == -1, "the child must be gone and reaped")
    }

    private func drop(_ child: consuming ChildProcess) {}

    /// As a shell leaves it to what it starts in the background.
    @Test func aChildDoesNotInheritIgnoredSignals() throws {
        var request = ChildProcess.Request(
            "/bin/sh", ["-c", "trap '' INT QUIT; exec \"$0\" \"$@\""])
        request.arguments += [
            "/bin/sh", "-c", "sed -n 's/^SigIgn:.*\\(.\\)$/\\1/p' /proc/self/status",
        ]
        #expect(try output(of: request) == "6\n", "the premise: it is inherited from a shell")

        let before = signal(SIGINT, SIG_IGN)
        defer { signal(SIGINT, before) }
        let plain = ChildProcess.Request(
            "/bin/sh", ["-c", "sed -n 's/^SigIgn:.*\\(.\\)$/\\1/p' /proc/self/status"])
        #expect(try output(of: plain) == "0\n")
    }

    private func output(of request: ChildProcess.Request) throws -> String {
        let pipe = try FileDescriptor.pipe()
        var request = request
        request.environment = ["PATH=/usr/bin:/bin"]
        request.output = pipe.writing.number
        var child = try ChildProcess(starting: request)
        #expect(try child.wait(until: Clock.now + .seconds(180)) == .code(0))
        guard case .bytes(let bytes) = try pipe.reading.read(atMost: 100) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func onlyTheNamedDescriptorsAreOpenInTheChild() throws {
        let output = try FileDescriptor.pipe()
        var request = ChildProcess.Request(
            "/bin/sh", ["-c", "ls /proc/self/fd | tr '\\n' ' '; head -n 1 <&3"])
        request.environment = ["PATH=/usr/bin:/bin"]
        request.output = output.writing.number
        let extra = try FileDescriptor.pipe()
        request.extra = extra.reading.number
        var child = try ChildProcess(starting: request)
        try extra.writing.write("through 3\n")
        #expect(try child.wait(until: Clock.now + .seconds(180)) == .code(0))
        // ls itself holds the directory open as the fifth.
        #expect(
            try output.reading.read(atMost: 1000) == .bytes(Array("0 1 2 3 4 through 3\n".utf8)))
    }
}
