import Testing
import UnlockCore

@Suite struct WorkerPlanTests {
    private static let gibibyte = 1 << 20

    /// Three devices of 1 GiB each, with so many GiB available.
    @Test(arguments: [(8, 3), (4, 3), (3, 2), (2, 1), (1, 1), (0, 1)])
    func startsWhatFits(available: Int, started: Int) {
        let plan = WorkerPlan(availableKiB: available * Self.gibibyte, processors: 64)
        let waiting = ["a", "b", "c"].map { (name: $0, costKiB: Self.gibibyte) }
        #expect(plan.admitted(waiting: waiting, runningKiB: []).count == started)
    }

    @Test func countsWhatRuns() {
        let plan = WorkerPlan(availableKiB: 3 * Self.gibibyte, processors: 64)
        let waiting = [(name: "c", costKiB: Self.gibibyte)]
        #expect(plan.admitted(waiting: waiting, runningKiB: [Self.gibibyte]) == ["c"])
        #expect(
            plan.admitted(waiting: waiting, runningKiB: [Self.gibibyte, Self.gibibyte]).isEmpty)
    }

    /// What each takes beside the derivation counts, and what stays free; so many KiB more or less than two need.
    @Test(arguments: [(-1, 1), (0, 2)])
    func startsWhatJustFits(difference: Int, started: Int) {
        let cost = WorkerPlan.reserveKiB + 2 * (1000 + WorkerPlan.overheadKiB)
        let plan = WorkerPlan(availableKiB: cost + difference, processors: 64)
        let waiting = ["a", "b"].map { (name: $0, costKiB: 1000) }
        #expect(plan.admitted(waiting: waiting, runningKiB: []).count == started)
        #expect(plan.admitted(waiting: waiting, runningKiB: [1000]).count == started - 1)
    }

    @Test func nobodyOvertakesTheLarge() {
        let plan = WorkerPlan(availableKiB: 2 * Self.gibibyte, processors: 64)
        let waiting = [(name: "large", costKiB: 2 * Self.gibibyte), (name: "small", costKiB: 1)]
        #expect(plan.admitted(waiting: waiting, runningKiB: [1]).isEmpty)
        #expect(plan.admitted(waiting: waiting, runningKiB: []) == ["large"])
    }

    /// Five small devices on so many processors: two may run even on one.
    @Test(arguments: [(0, 2), (1, 2), (2, 2), (4, 4), (64, 5)])
    func startsWhatHasAProcessor(processors: Int, started: Int) {
        let plan = WorkerPlan(availableKiB: 64 * Self.gibibyte, processors: processors)
        let waiting = ["a", "b", "c", "d", "e"].map { (name: $0, costKiB: 1) }
        #expect(plan.admitted(waiting: waiting, runningKiB: []).count == started)
        #expect(
            plan.admitted(waiting: waiting, runningKiB: [1]).count == min(5, max(2, processors) - 1)
        )
    }
}
