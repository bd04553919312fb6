import Testing

@testable import RepairCore

/// When copies are made, and what is said of those that fail.
struct CopyMachineTests {
    private typealias Step = (at: Int, event: CopyMachine.Event, effects: [CopyMachine.Effect])

    private func play(_ steps: [Step], deadlineAfter: Int?) {
        var machine = CopyMachine()
        for (number, step) in steps.enumerated() {
            let effects = machine.handle(step.event, at: .seconds(step.at))
            #expect(effects == step.effects, "step \(number)")
        }
        #expect(machine.deadline == deadlineAfter.map { .seconds($0) })
    }

    @Test func eachMinute() {
        play(
            [
                (0, .timeReached, []), (0, .news, [.copy]), (1, .copied(failure: nil), []),
                (59, .timeReached, []), (60, .timeReached, [.copy]),
                (61, .copied(failure: nil), []), (61, .copied(failure: nil), []),
            ], deadlineAfter: 120)
    }

    @Test func atOnceWithNews() {
        play(
            [(0, .news, [.copy]), (1, .copied(failure: nil), []), (30, .news, [.copy])],
            deadlineAfter: 50)
    }

    /// News that come close upon one another wait for a moment, and make one copy.
    @Test func notAtEveryFlicker() {
        play(
            [
                (0, .news, [.copy]), (1, .copied(failure: nil), []), (2, .news, []),
                (3, .news, []), (4, .timeReached, []), (5, .timeReached, [.copy]),
                (6, .copied(failure: nil), []),
            ], deadlineAfter: 65)
    }

    /// News while a copy is made: that one may have the old state.
    @Test func newsWhileCopying() {
        play(
            [
                (0, .news, [.copy]), (2, .news, []), (3, .copied(failure: nil), []),
                (5, .timeReached, [.copy]),
            ], deadlineAfter: 25)
    }

    @Test func aFailureIsSaidOnceAndTriedAgain() {
        play(
            [
                (0, .news, [.copy]), (1, .copied(failure: "full"), [.complain("full")]),
                (60, .timeReached, [.copy]), (61, .copied(failure: "gone"), []),
                (120, .timeReached, [.copy]), (121, .copied(failure: nil), [.recovered]),
                (180, .timeReached, [.copy]),
                (181, .copied(failure: "full"), [.complain("full")]),
            ], deadlineAfter: 240)
    }

    /// A place that hangs is named; no second copying is begun beside the first.
    @Test func aPlaceThatHangs() {
        play(
            [
                (0, .news, [.copy]), (19, .timeReached, []),
                (20, .timeReached, [.complain("it does not answer")]), (21, .timeReached, []),
                (300, .news, []), (301, .timeReached, []),
                (400, .copied(failure: nil), [.recovered]), (400, .timeReached, [.copy]),
            ], deadlineAfter: 420)
    }
}
