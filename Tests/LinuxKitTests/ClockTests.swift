import LinuxKit
import Testing

@Suite struct ClockTests {
    @Test(arguments: [
        (Duration.milliseconds(350), "350 ms"), (.seconds(12), "12 s"),
        (.seconds(245), "4 min 5 s"),
        (.seconds(12000), "3 h 20 min"), (.seconds(176_460), "2 d 1 h"),
    ])
    func saysDurationsInWords(duration: Duration, words: String) {
        #expect(duration.inWords == words)
    }

    @Test func printsSecondsAsTheKernelLogDoes() {
        #expect(Duration.milliseconds(12_045).inSeconds == "12.045")
        #expect(Duration.zero.inSeconds == "0.000")
    }

    @Test func aWaitEndsAtItsDeadlineAndNotBefore() throws {
        let deadline = Clock.now + .milliseconds(30)
        _ = try Poll.wait([], until: deadline)
        #expect(Clock.now >= deadline)
    }
}
