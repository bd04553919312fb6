import Testing

@testable import RepairCore
import Seeds

/// What a checker does in one second of a simulated run.
private struct Second {
    var step = false
    var stored: UInt64 = 0
    var noise: UInt64 = 0
    var newLines: UInt64 = 0
    var processor = Duration.zero
    var blocked = false
}

private struct Run {
    var machine = VerdictMachine()
    var sample = VerdictMachine.Sample()
    var now = Duration.seconds(100)
    var effects: [(Duration, VerdictMachine.Effect)] = []

    mutating func go(_ seconds: Int, _ each: (Int) -> Second) {
        for index in 0..<seconds {
            let second = each(index)
            sample.steps += second.step ? 1 : 0
            sample.storage += second.stored
            sample.noise += second.noise
            sample.newLines += second.newLines
            sample.processor += second.processor
            sample.isBlocked = second.blocked
            effects += machine.handle(.sampled(sample), at: now).map { (now, $0) }
            now += .seconds(1)
        }
    }

    /// When the verdict became this.
    func time(of verdict: Verdict) -> Duration? {
        effects.first { if case .announce(verdict, _) = $0.1 { true } else { false } }?.0
    }
}

struct VerdictMachineTests {
    @Test func worksWhileStepsCome() {
        var run = Run()
        run.go(300) { Second(step: $0 % 3 == 0) }
        #expect(run.machine.verdict == .working)
        #expect(run.effects.count == 1)
    }

    @Test func slowWhenStepsComeSeldom() {
        var run = Run()
        run.go(600) { Second(step: $0 % 20 == 0, stored: 1) }
        #expect(run.machine.verdict == .slow)
        // Once slow it stays so, and does not flap at each step.
        #expect(run.effects.count == 2)
    }

    @Test func floodIsALivelockWithin60Seconds() throws {
        var run = Run()
        run.go(30) { _ in Second(step: true, stored: 4096) }
        let lastStep = run.now - .seconds(1)
        run.go(90) { _ in Second(noise: 5, processor: .milliseconds(20)) }
        #expect(run.machine.verdict == .livelocked)
        let stuck = try #require(run.time(of: .livelocked))
        #expect(stuck - lastStep <= .seconds(60))
        #expect(run.effects.contains { $0.1 == .keepEvidence })
    }

    @Test func processorTimeAloneIsALivelock() throws {
        var run = Run()
        run.go(10) { _ in Second(step: true) }
        run.go(60) { _ in Second(processor: .milliseconds(990)) }
        #expect(run.machine.verdict == .livelocked)
    }

    @Test func blockedWithoutInputAndOutputIsHung() throws {
        var run = Run()
        run.go(10) { _ in Second(step: true, stored: 1) }
        let lastStep = run.now - .seconds(1)
        run.go(60) { _ in Second(blocked: true) }
        #expect(run.machine.verdict == .hung)
        #expect(try #require(run.time(of: .hung)) - lastStep <= .seconds(60))
    }

    @Test func blockedOnABusyDiskIsUnknown() {
        var run = Run()
        run.go(10) { _ in Second(step: true, stored: 1) }
        run.go(300) { _ in Second(stored: 1 << 20, blocked: true) }
        #expect(run.machine.verdict == .unknown)
    }

    @Test func newLinesAreUnknown() {
        var run = Run()
        run.go(120) { _ in Second(newLines: 1, processor: .milliseconds(500)) }
        #expect(run.machine.verdict == .unknown)
    }

    @Test func sleepingWithoutAnythingIsUnknown() {
        var run = Run()
        run.go(120) { _ in Second() }
        #expect(run.machine.verdict == .unknown)
        #expect(run.machine.reason.hasSuffix("it waits for something"))
    }

    @Test func recoversFromALivelockVerdict() {
        var run = Run()
        run.go(100) { _ in Second(noise: 1) }
        #expect(run.machine.verdict == .livelocked)
        run.go(1) { _ in Second(step: true) }
        #expect(!run.machine.verdict.isStuck)
    }

    @Test func whoComputedLongBeforeMayAgain() {
        var run = Run()
        run.go(400) { Second(step: $0 % 40 == 0, processor: .seconds(1)) }
        run.go(60) { _ in Second(processor: .seconds(1)) }
        #expect(run.machine.verdict == .slow)
        run.go(120) { _ in Second(processor: .seconds(1)) }
        #expect(run.machine.verdict == .livelocked)
    }

    @Test func aSleepOfTheMachineDoesNotCount() {
        var run = Run()
        run.go(10) { _ in Second(step: true) }
        run.now += .seconds(3600)
        run.go(3) { _ in Second(processor: .seconds(1)) }
        #expect(run.machine.verdict == .working)
    }

    @Test func wakingEarlyDoesNothing() {
        var run = Run()
        run.go(2) { _ in Second(step: true) }
        let deadline = run.machine.deadline
        #expect(run.machine.handle(.sampled(run.sample), at: run.now - .seconds(1)) == [])
        #expect(run.machine.deadline == deadline)
    }

    @Test func nothingFollowsTheEnd() {
        var run = Run()
        run.go(2) { _ in Second(step: true) }
        #expect(run.machine.handle(.ended, at: run.now) == [])
        #expect(run.machine.deadline == nil)
        run.go(100) { _ in Second(noise: 1) }
        #expect(run.effects.count == 1)
    }

    /// Whatever happens: a step less than a pace ago is never stuck, and input or output is never stuck.
    @Test(arguments: UInt64(1)...20)
    func simulated(_ seed: UInt64) {
        var random = SeededRandom(seed)
        var run = Run()
        for _ in 0..<40 {
            let style = Int.random(in: 0..<5, using: &random)
            run.go(Int.random(in: 1..<80, using: &random)) { _ in
                switch style {
                case 0: Second(step: true)
                case 1: Second(stored: 512)
                case 2: Second(noise: 3, processor: .milliseconds(50))
                case 3: Second(blocked: true)
                default: Second(processor: .seconds(1))
                }
            }
            if style < 2 { #expect(!run.machine.verdict.isStuck, "style \(style), seed \(seed)") }
        }
    }
}
