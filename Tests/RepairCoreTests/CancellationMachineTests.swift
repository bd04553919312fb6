import Testing

@testable import RepairCore

struct CancellationMachineTests {
    @Test func gentlyAndNeverKillsUnasked() {
        var machine = CancellationMachine()
        #expect(machine.handle(.timeReached, at: .seconds(1)) == [])
        #expect(machine.handle(.asked, at: .seconds(2)) == [.interrupt])
        #expect(machine.isCancelling)
        #expect(machine.handle(.asked, at: .seconds(3)) == [])
        #expect(machine.handle(.timeReached, at: .seconds(11)) == [])
        #expect(machine.handle(.timeReached, at: .seconds(12)) == [.terminate])
        #expect(machine.handle(.timeReached, at: .seconds(21)) == [])
        #expect(machine.handle(.timeReached, at: .seconds(22)) == [.explain])
        #expect(machine.deadline == nil)
        #expect(machine.handle(.timeReached, at: .seconds(9999)) == [])
    }

    @Test(arguments: 0...3)
    func killsWhenAsked(_ steps: Int) {
        var machine = CancellationMachine()
        if steps > 0 { _ = machine.handle(.asked, at: .zero) }
        if steps > 1 { _ = machine.handle(.timeReached, at: .seconds(10)) }
        if steps > 2 { _ = machine.handle(.timeReached, at: .seconds(20)) }
        #expect(machine.handle(.askedToKill, at: .seconds(30)) == [.kill])
        #expect(machine.handle(.askedToKill, at: .seconds(31)) == [])
        #expect(machine.handle(.asked, at: .seconds(32)) == [])
        #expect(machine.deadline == nil)
    }
}
