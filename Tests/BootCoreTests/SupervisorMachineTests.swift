import BootCore
import Testing

@Suite struct SupervisorMachineTests {
    var random = SplitMix(seed: 1)

    /// A machine whose one service has been started at second 0.
    private mutating func started() -> SupervisorMachine {
        var machine = SupervisorMachine(["net"])
        #expect(machine.handle(.begin, at: .zero, using: &random) == [.start("net")])
        return machine
    }

    @Test mutating func startsEachServiceOnce() {
        var machine = SupervisorMachine(["net", "sshd"])
        let effects = machine.handle(.begin, at: .zero, using: &random)
        #expect(effects == [.start("net"), .start("sshd")])
        #expect(machine.handle(.begin, at: .zero, using: &random) == [])
        #expect(machine.deadline == nil)
    }

    @Test mutating func startsAgainAfterAPauseThatGrowsToItsBoundAndNeverEnds() {
        var machine = started()
        var now = Duration.zero
        var pauses: [Duration] = []
        for _ in 0..<200 {
            #expect(machine.handle(.ended("net"), at: now, using: &random) == [])
            guard let deadline = machine.deadline else {
                Issue.record("a service that ended must be started again some time")
                return
            }
            pauses.append(deadline - now)
            let early = deadline - .milliseconds(1)
            #expect(machine.handle(.timeReached, at: early, using: &random) == [])
            #expect(machine.handle(.timeReached, at: deadline, using: &random) == [.start("net")])
            now = deadline
        }
        #expect(pauses[0] <= .milliseconds(250))
        #expect(pauses[20] > .seconds(7), "it must not spin")
        #expect(pauses.allSatisfy { $0 <= .seconds(10) })
        #expect(Set(pauses.suffix(100)).count > 50, "jittered")
    }

    @Test mutating func aServiceThatRanWellIsBackAtOnce() {
        var machine = started()
        var now = Duration.zero
        for _ in 0..<10 {
            _ = machine.handle(.ended("net"), at: now, using: &random)
            now = machine.deadline ?? now
            _ = machine.handle(.timeReached, at: now, using: &random)
        }
        now += .seconds(31)
        _ = machine.handle(.ended("net"), at: now, using: &random)
        #expect((machine.deadline ?? .zero) - now <= .milliseconds(250))
    }

    @Test mutating func aChangeInTheWorldEndsThePauseButDoesNotMakeItSpin() {
        var machine = started()
        for _ in 0..<8 {
            _ = machine.handle(.ended("net"), at: .seconds(1), using: &random)
            _ = machine.handle(.timeReached, at: .seconds(100), using: &random)
        }
        _ = machine.handle(.ended("net"), at: .seconds(100), using: &random)
        let soon = Duration.seconds(100) + .milliseconds(100)
        #expect(machine.handle(.worldChanged, at: soon, using: &random) == [])
        #expect(machine.handle(.worldChanged, at: .seconds(101), using: &random) == [.start("net")])
        #expect(machine.handle(.worldChanged, at: .seconds(101), using: &random) == [])
    }

    @Test mutating func stopsByAskingAndThenByForceAndTheFirstLast() {
        var machine = SupervisorMachine(["net", "sshd", "late", "export"])
        _ = machine.handle(.begin, at: .zero, using: &random)
        _ = machine.handle(.ended("late"), at: .seconds(1), using: &random)
        let asked = machine.handle(.stopRequested, at: .seconds(1), using: &random)
        #expect(asked == [.terminate("sshd"), .terminate("export")])
        #expect(machine.handle(.stopRequested, at: .seconds(1), using: &random) == [])
        #expect(machine.handle(.ended("export"), at: .seconds(2), using: &random) == [])
        #expect(machine.handle(.timeReached, at: .seconds(3), using: &random) == [.kill("sshd")])
        let last = machine.handle(.ended("sshd"), at: .seconds(4), using: &random)
        #expect(last == [.terminate("net")], "whoever was logged in has been told")
        #expect(machine.handle(.timeReached, at: .seconds(6), using: &random) == [.kill("net")])
        #expect(machine.handle(.ended("net"), at: .seconds(6), using: &random) == [.finish])
        #expect(machine.handle(.begin, at: .seconds(7), using: &random) == [])
        #expect(machine.handle(.stopRequested, at: .seconds(7), using: &random) == [])
        #expect(machine.deadline == nil)
    }

    /// Who is asked to end has time for it, and who does not die of the force is killed again, not without a pause.
    @Test mutating func eachEndHasItsGrace() {
        var machine = started()
        let asked = machine.handle(.stopRequested, at: .seconds(1), using: &random)
        #expect(asked == [.terminate("net")])
        for due in [Duration.seconds(3), .seconds(5), .seconds(7)] {
            #expect(machine.deadline == due)
            let early = due - .milliseconds(1)
            #expect(machine.handle(.timeReached, at: early, using: &random) == [])
            #expect(machine.handle(.timeReached, at: due, using: &random) == [.kill("net")])
        }
    }

    /// What 'davit status' shows of it.
    @Test mutating func countsStartsAndFailures() throws {
        var machine = SupervisorMachine(["net"])
        func expect(since: Int, starts: Int, failures: Int) throws {
            let net = try #require(machine.services.first)
            #expect(net.since == .seconds(since))
            #expect([net.starts, net.failures] == [starts, failures])
        }
        try expect(since: 0, starts: 0, failures: 0)
        _ = machine.handle(.begin, at: .seconds(1), using: &random)
        try expect(since: 1, starts: 1, failures: 0)
        _ = machine.handle(.ended("net"), at: .seconds(2), using: &random)
        try expect(since: 2, starts: 1, failures: 1)
        _ = machine.handle(.worldChanged, at: .seconds(3), using: &random)
        try expect(since: 3, starts: 2, failures: 1)
        _ = machine.handle(.ended("net"), at: .seconds(4), using: &random)
        _ = machine.handle(.worldChanged, at: .seconds(5), using: &random)
        try expect(since: 5, starts: 3, failures: 2)
        _ = machine.handle(.ended("net"), at: .seconds(35), using: &random)
        try expect(since: 35, starts: 3, failures: 1)
    }

    /// Every order of up to eight events: whatever came, a service that is not stopped runs or has a time at which it
    /// will be started, and a stop always ends in `finish`.
    @Test func noOrderOfEventsLeavesADeadService() {
        let events: [SupervisorMachine.Event] = [
            .begin, .ended("a"), .ended("b"), .worldChanged, .timeReached, .stopRequested,
        ]
        var random = SplitMix(seed: 7)
        var orders = 0
        func explore(_ machine: SupervisorMachine, _ now: Duration, _ stopped: Bool, _ depth: Int) {
            check(machine, now, stopped)
            guard depth > 0 else { return }
            for event in events {
                var next = machine
                let later = event == .timeReached ? machine.deadline ?? now : now + .seconds(1)
                _ = next.handle(event, at: later, using: &random)
                orders += 1
                explore(next, later, stopped || event == .stopRequested, depth - 1)
            }
        }
        func check(_ machine: SupervisorMachine, _ now: Duration, _ stopped: Bool) {
            let othersEnd = machine.services.dropFirst().contains { $0.state != .ended }
            for (place, service) in machine.services.enumerated() {
                switch service.state {
                case .running:
                    if stopped, place > 0 || !othersEnd { Issue.record("runs after a stop") }
                case .pausing(let until):
                    if stopped || until > now + .seconds(10) { Issue.record("\(service)") }
                case .ending: if !stopped { Issue.record("\(service)") }
                case .ended: if !stopped { Issue.record("dead: \(service)") }
                }
            }
        }
        var machine = SupervisorMachine(["a", "b"])
        _ = machine.handle(.begin, at: .zero, using: &random)
        explore(machine, .zero, false, 7)
        #expect(orders > 300_000)
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
