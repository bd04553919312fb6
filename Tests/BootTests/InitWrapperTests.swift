import LinuxKit
import Testing

@testable import Boot

@Suite struct InitWrapperTests {
    private struct NoMemory: Error, CustomStringConvertible {
        let description = "Cannot start /proc/self/exe: out of memory."
    }

    @Test func keepsOnAfterEveryFailureUntilTheSystemTakesOver() {
        var outcomes: [Result<ChildProcess.Exit, NoMemory>] = [
            .failure(NoMemory()), .success(.signal(9)), .failure(NoMemory()), .success(.code(1)),
            .success(.code(0)), .success(.code(1)),
        ]
        var notes: [String] = []
        InitWrapper.keep(pausing: .zero, note: { notes.append($0) }) {
            try outcomes.removeFirst().get()
        }
        #expect(outcomes.count == 1)
        #expect(notes.count == 4)
        #expect(
            notes.first
                == "the supervisor cannot be started: Cannot start /proc/self/exe: out of memory. It is tried again."
        )
        #expect(notes.last == "the supervisor ended with exit code 1; it is started again")
    }
}
