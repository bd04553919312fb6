import Testing

@testable import SSHCore
import Seeds

@Suite struct ChannelMachineTests {
    private typealias Event = ChannelMachine.Event
    private typealias Effect = ChannelMachine.Effect

    @Test(
        arguments: [
            // A command that ends before its output does.
            (
                [.started, .inputEnded, .exited(.code(3)), .outputMoved, .outputEnded],
                [.endInput, .report(.code(3)), .sendEnd, .close]
            ),
            // Output ends first.
            (
                [.started, .outputEnded, .exited(.signal(9))],
                [.sendEnd, .report(.signal(9)), .close]
            ),
            // The client leaves while the program runs, and it ends.
            ([.started, .clientLeft, .exited(.code(0))], [.hangUp, .close]),
            // The client leaves when only output is left.
            ([.started, .exited(.code(0)), .clientLeft], [.close]),
            // A channel on which nothing was asked for.
            ([.inputEnded, .clientLeft], [.close]),
            // Nothing after the end, and nothing twice.
            (
                [
                    .started, .started, .outputEnded, .outputEnded, .exited(.code(0)), .outputEnded,
                    .clientLeft, .inputEnded, .exited(.code(1)), .timeReached,
                ],
                [.sendEnd, .report(.code(0)), .close]
            ),
        ] as [([ChannelMachine.Event], [ChannelMachine.Effect])])
    func goesThroughItsLife(events: [ChannelMachine.Event], effects: [ChannelMachine.Effect]) {
        var machine = ChannelMachine()
        #expect(events.flatMap { machine.handle($0, at: .zero) } == effects)
        #expect(machine.isClosed)
        #expect(machine.deadline == nil)
    }

    @Test func outputThatSomethingElseHoldsOpenEndsTheChannelAllTheSame() {
        var machine = ChannelMachine()
        _ = machine.handle(.started, at: .zero)
        #expect(machine.deadline == nil)
        _ = machine.handle(.exited(.code(0)), at: .seconds(10))
        #expect(machine.deadline == .seconds(12))
        _ = machine.handle(.outputMoved, at: .seconds(11))
        #expect(machine.deadline == .seconds(13))
        #expect(machine.handle(.timeReached, at: .milliseconds(12_999)) == [])
        #expect(
            machine.handle(.timeReached, at: .seconds(13)) == [.report(.code(0)), .sendEnd, .close])
    }

    @Test func aProgramThatIgnoresTheHangUpIsKilledOnce() {
        var machine = ChannelMachine()
        _ = machine.handle(.started, at: .zero)
        #expect(machine.handle(.clientLeft, at: .zero) == [.hangUp])
        #expect(machine.handle(.clientLeft, at: .zero) == [])
        #expect(machine.handle(.timeReached, at: .milliseconds(4_999)) == [])
        #expect(machine.handle(.timeReached, at: .seconds(5)) == [.kill])
        #expect(machine.deadline == nil)
        #expect(machine.handle(.timeReached, at: .seconds(6)) == [])
        #expect(machine.handle(.exited(.signal(9)), at: .seconds(6)) == [.close])
    }

    @Test func anyOrderOfEventsEndsOnceAndReportsAtMostOnce() {
        var random = SeededRandom(3)
        let events: [ChannelMachine.Event] = [
            .started, .inputEnded, .outputEnded, .outputMoved, .exited(.code(1)), .clientLeft,
            .timeReached,
        ]
        for _ in 0..<5_000 {
            var machine = ChannelMachine()
            var effects: [ChannelMachine.Effect] = []
            var now = Duration.zero
            for _ in 0..<12 {
                now += .milliseconds(Int.random(in: 0...3000, using: &random))
                effects += machine.handle(events.randomElement(using: &random) ?? .started, at: now)
            }
            #expect(effects.count { $0 == .close } == (machine.isClosed ? 1 : 0))
            #expect(effects.count { $0 == .report(.code(1)) } <= 1)
            if machine.isClosed { #expect(effects.last == .close) }
        }
    }
}
