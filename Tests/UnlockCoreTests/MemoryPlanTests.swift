import Testing
import UnlockCore

@Suite struct MemoryPlanTests {
    private static let gibibyte = 1 << 20

    /// Three devices of 1 GiB each, with so many GiB available.
    @Test(arguments: [(8, 3), (4, 3), (3, 2), (2, 1), (1, 1), (0, 1)])
    func startsWhatFits(available: Int, started: Int) {
        let plan = MemoryPlan(availableKiB: available * Self.gibibyte)
        let waiting = ["a", "b", "c"].map { (name: $0, costKiB: Self.gibibyte) }
        #expect(plan.admitted(waiting: waiting, runningKiB: []).count == started)
    }

    @Test func countsWhatRuns() {
        let plan = MemoryPlan(availableKiB: 3 * Self.gibibyte)
        let waiting = [(name: "c", costKiB: Self.gibibyte)]
        #expect(plan.admitted(waiting: waiting, runningKiB: [Self.gibibyte]) == ["c"])
        #expect(
            plan.admitted(waiting: waiting, runningKiB: [Self.gibibyte, Self.gibibyte]).isEmpty)
    }

    @Test func nobodyOvertakesTheLarge() {
        let plan = MemoryPlan(availableKiB: 2 * Self.gibibyte)
        let waiting = [(name: "large", costKiB: 2 * Self.gibibyte), (name: "small", costKiB: 1)]
        #expect(plan.admitted(waiting: waiting, runningKiB: [1]).isEmpty)
        #expect(plan.admitted(waiting: waiting, runningKiB: []) == ["large"])
    }
}
