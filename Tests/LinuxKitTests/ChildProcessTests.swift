import Foundation
import LinuxKit
import Testing

@Suite struct ChildProcessTests {
    @Test func reportsTheExitCode() throws {
        var child = try ChildProcess(starting: .init("/bin/sh", ["-c", "exit 7"]))
        #expect(try child.wait(until: Clock.now + .seconds(10)) == .code(7))
    }

    @Test func reportsTheSignal() throws {
        var child = try ChildProcess(starting: .init("/bin/sh", ["-c", "kill -9 $$"]))
        #expect(try child.wait(until: Clock.now + .seconds(10)) == .signal(9))
    }

    @Test func namesWhatCannotBeStarted() {
        let missing = SystemError("start", "/no/such/program now", code: 2)
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
        #expect(try child.wait(until: Clock.now + .seconds(10)) == .code(0))
        // ls itself holds the directory open as the fifth.
        #expect(
            try output.reading.read(atMost: 1000) == .bytes(Array("0 1 2 3 4 through 3\n".utf8)))
    }
}
