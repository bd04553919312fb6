import LabKit
import Testing

struct ChildTests {
    @Test("Output, errors and status come back.")
    func result() async throws {
        let child = try Child(["sh", "-c", "read line; echo \"<$line>\"; echo no >&2; exit 3"])
        child.write("hello\n")
        let result = try await child.result(within: .seconds(300))
        #expect(result.text == "<hello>\n")
        #expect(result.errors == "no\n")
        #expect(result.status == .exited(3))
        #expect(throws: LabError.self) { try result.checked() }
    }

    @Test("What takes too long is killed with all that it started, and said.")
    func deadline() async throws {
        let child = try Child(["sh", "-c", "echo begun; sleep 1000 & sleep 1000"])
        await #expect(throws: LabError.self) { try await child.result(within: .milliseconds(50)) }
        #expect(!child.isRunning)
        #expect(try await child.status(within: .seconds(1)) == .signalled(9))
    }

    @Test("A transcript waits for words, also in pieces, and shows no control sequences.")
    func expectations() async throws {
        let child = try Child([
            "sh", "-c", "printf 'log'; sleep 0.05; printf '\\033[1min:\\r\\n'; read hold",
        ])
        let first = try await child.output.expect("log", within: .seconds(300))
        let second = try await child.output.expect("in:", after: first, within: .seconds(300))
        #expect(second > first && second.time >= first.time)
        await #expect(throws: LabError.self) {
            try await child.output.expect("login", within: .milliseconds(20))
        }
        child.closeInput()
        _ = try await child.result(within: .seconds(300))
        #expect(child.output.text == "login:\n")
    }

    @Test("Words are found across the pieces that megabytes come in.")
    func muchText() async throws {
        let pieces = 4000
        let child = try Child([
            "sh", "-c",
            "dd if=/dev/zero bs=1024 count=\(pieces) 2>/dev/null; printf 'the e'; sleep 0.05; printf 'nd'; read hold",
        ])
        let end = try await child.output.expect("the end", within: .seconds(300))
        #expect(end.offset == pieces << 10 + 7)
        child.closeInput()
        _ = try await child.result(within: .seconds(300))
    }

    @Test("Waiting for words of a program that has ended fails at once.")
    func ended() async throws {
        let child = try Child(["true"])
        await #expect {
            try await child.output.expect("never", within: .seconds(3600))
        } throws: { error in
            "\(error)".contains("which ended")
        }
    }

    @Test("A missing program is named, with the package that has it.")
    func missing() {
        #expect {
            try Tools.require(["sh", "lab-no-such-program"])
        } throws: { error in
            "\(error)"
                == "The lab needs lab-no-such-program. Run scripts/deps, or apt-get install "
                + "lab-no-such-program."
        }
    }
}
