import Addresses
import Seeds
import Testing

@testable import NetworkCore

/// What the DHCPv6 machine asks, how often, and which answers it takes.
@Suite struct DHCPv6QuestionTests {
    typealias Bench = DHCPv6MachineTests.Bench

    /// The options of a message's IA.
    static func inner(_ message: DHCPv6Message) throws -> [DHCPv6Message.Option] {
        let content = try #require(message[3]).dropFirst(12)
        return try #require(DHCPv6Message.options(in: content))
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let phase: DHCPv6Machine.Phase
        let kind: DHCPv6Message.Kind
        let options: [UInt16]
        let asked: [UInt8]
        var testDescription: String { "\(kind)" }
    }

    /// Source: RFC 8415 §18.2.
    @Test(arguments: [
        Row(phase: .soliciting, kind: .solicit, options: [1, 8, 14, 3, 6], asked: [23, 24, 82]),
        Row(phase: .requesting, kind: .request, options: [1, 8, 2, 3, 6], asked: [23, 24, 82]),
        Row(phase: .confirming, kind: .confirm, options: [1, 8, 3], asked: []),
        Row(phase: .renewing, kind: .renew, options: [1, 8, 2, 3, 6], asked: [23, 24, 82]),
        Row(phase: .rebinding, kind: .rebind, options: [1, 8, 3, 6], asked: [23, 24, 82]),
        Row(phase: .declining, kind: .decline, options: [1, 8, 2, 3], asked: []),
        Row(
            phase: .informing, kind: .informationRequest, options: [1, 8, 6],
            asked: [23, 24, 32, 83]),
    ])
    func eachMessageSaysWhatBelongsIntoIt(row: Row) throws {
        let bench = try Bench.at(row.phase)
        let message = try #require(bench.sent.last)
        #expect(message.kind == row.kind)
        #expect(message.options.map(\.code) == row.options)
        #expect(message[6] ?? [] == row.asked.flatMap { [0, $0] })
        guard row.options.contains(3) else { return }
        let addresses = try Self.inner(message).map(\.value)
        let leased = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [0x77]
        // The lifetimes are the server's to say.
        let expected = [leased + [UInt8](repeating: 0, count: 8)]
        #expect(addresses == (row.kind == .solicit ? [] : expected))
    }

    @Test func theTimeThatWentByIsSaidInHundredths() throws {
        var bench = try Bench.at(.soliciting)
        #expect(bench.sent[0][8] == [0, 0], "it counts from the first message")
        let start = bench.now
        try bench.wait()
        let hundredths = (bench.now - start).wholeMilliseconds / 10
        #expect(bench.sent[1][8] == [UInt8(hundredths >> 8), UInt8(hundredths & 0xFF)])
        bench.now += .seconds(10_000)
        bench.handle(.timeReached)
        #expect(bench.sent[2][8] == [0xFF, 0xFF])
    }

    @Test func theFirstQuestionComesWithinASecondAndNotAlwaysAtOnce() throws {
        var waits: [Int64] = []
        for seed in 0..<300 {
            var bench = Bench()
            bench.random = SeededRandom(UInt64(seed))
            bench.handle(.carrierUp)
            bench.handle(.wanted(.addresses))
            waits.append((try #require(bench.machine.deadline) - bench.now).wholeMilliseconds)
        }
        #expect((waits.min() ?? -1) >= 0 && (waits.max() ?? 0) <= 1000)
        #expect((waits.min() ?? 1000) < 50 && (waits.max() ?? 0) > 950)
    }

    @Test func eachExchangeHasANumberOfItsOwn() throws {
        let numbers = try (0..<20).map { seed in
            var bench = Bench()
            bench.random = SeededRandom(UInt64(seed))
            bench.handle(.carrierUp)
            bench.handle(.wanted(.addresses))
            try bench.wait()
            return bench.sent.first?.transaction
        }
        #expect(Set(numbers).count == 20)
    }

    // MARK: How often

    @Test func aNewLinkIsAskedDensely() throws {
        var bench = try Bench.at(.soliciting)
        for _ in 0..<10 { try bench.wait() }
        bench.handle(.carrierDown)
        bench.handle(.carrierUp)
        try bench.wait()
        #expect(try #require(bench.machine.deadline) - bench.now <= .milliseconds(1100))
    }

    @Test func offersThatLeadNowhereDoNotMakeTheSearchDenseAgain() throws {
        var bench = try Bench.at(.soliciting)
        for _ in 0..<10 { try bench.wait() }
        bench.handle(bench.answer(.advertise))
        #expect(bench.machine.phase == .requesting)
        #expect(try #require(bench.machine.deadline) - bench.now >= .seconds(5))
    }

    @Test(arguments: [
        (DHCPv6Machine.Phase.requesting, DHCPv6Message.Kind.request, 4),
        (.declining, .decline, 3),
    ])
    func whoFallsSilentIsLeft(
        phase: DHCPv6Machine.Phase, kind: DHCPv6Message.Kind, count: Int
    ) throws {
        var bench = try Bench.at(phase)
        while bench.machine.phase == phase { try bench.wait() }
        #expect(bench.machine.phase == .soliciting)
        #expect(bench.sent.count { $0.kind == kind } == count)
        #expect(bench.sent.last?.kind == .solicit)
    }

    @Test func aStormOfRefusalsIsAnsweredAtTenAMinute() throws {
        var bench = try Bench.at(.soliciting)
        let start = bench.now
        while bench.now < start + .seconds(600) {
            bench.handle(bench.answer(.advertise, preference: 255))
            bench.handle(bench.answer(.reply, status: 2))
            bench.now += .milliseconds(100)
            bench.handle(.timeReached)
        }
        #expect(bench.sent.count <= 100 + 8)
        #expect(bench.sent.count > 80)
    }

    static let phases: [DHCPv6Machine.Phase] = [
        .idle, .informing, .informed, .soliciting, .requesting, .confirming, .bound, .renewing,
        .rebinding, .declining,
    ]

    @Test(arguments: phases) func aSpuriousWakeUpDoesNothing(phase: DHCPv6Machine.Phase) throws {
        var bench = try Bench.at(phase)
        if phase == .soliciting { bench.handle(bench.answer(.advertise)) }
        let before = bench.machine.deadline
        bench.handle(.timeReached)
        #expect(bench.effects == [])
        #expect(bench.machine.phase == phase && bench.machine.deadline == before)
    }

    @Test func itSearchesWhileItAsksAndNobodyHasOffered() throws {
        for phase in Self.phases {
            let isSearching = try Bench.at(phase).machine.isSearching
            #expect(isSearching == (phase == .soliciting || phase == .informing), "\(phase)")
        }
    }

    // MARK: Answers

    /// Before the question is out nobody can answer it.
    @Test func nothingIsTakenBeforeItHasAsked() throws {
        var bench = Bench()
        bench.handle(.carrierUp)
        bench.handle(.wanted(.addresses))
        var later = bench
        try later.wait()
        let answer = later.answer(.reply, isRapid: true)
        bench.handle(answer)
        #expect(bench.machine.phase == .soliciting)
        later.handle(answer)
        #expect(later.machine.phase == .bound)
    }

    @Test(arguments: phases.filter { ![.idle, .informed, .bound, .soliciting].contains($0) })
    func anAdvertiseAnswersASolicitOnly(phase: DHCPv6Machine.Phase) throws {
        var bench = try Bench.at(phase)
        bench.handle(bench.answer(.advertise, preference: 255))
        #expect(bench.effects == [] && bench.machine.phase == phase)
    }

    @Test func aReplyToASolicitIsARapidOne() throws {
        var bench = try Bench.at(.soliciting)
        bench.handle(bench.answer(.reply))
        #expect(bench.effects == [] && bench.machine.phase == .soliciting)
    }

    @Test(arguments: [DHCPv6Message.Kind.solicit, .request, .reconfigure, .informationRequest])
    func whatIsNoAnswerIsNone(kind: DHCPv6Message.Kind) throws {
        var bench = try Bench.at(.soliciting)
        bench.handle(bench.answer(kind, preference: 255))
        #expect(bench.effects == [] && bench.machine.phase == .soliciting)
    }

    @Test func onlyTheHighestPreferenceIsTakenAtOnce() throws {
        var bench = try Bench.at(.soliciting)
        bench.handle(bench.answer(.advertise, preference: 254))
        #expect(bench.machine.phase == .soliciting)
        bench.handle(bench.answer(.advertise, preference: 255))
        #expect(bench.machine.phase == .requesting)
    }

    @Test func ofEqualOnesTheFirstIsTakenAndLaterOnesAtOnce() throws {
        var bench = try Bench.at(.soliciting)
        bench.handle(bench.answer(.advertise, preference: 9, from: [1]))
        bench.handle(bench.answer(.advertise, preference: 9, from: [2]))
        try bench.wait()
        #expect(bench.sent.last?[2] == [1])
        bench = try Bench.at(.soliciting)
        try bench.wait()
        bench.handle(bench.answer(.advertise))
        #expect(bench.machine.phase == .requesting, "nobody offered within the first gap")
    }

    /// Without the IA's content, or with a status for the whole message beside it.
    static func changed(
        _ event: DHCPv6Machine.Event, status: UInt8? = nil, isEmpty: Bool = false
    ) -> DHCPv6Machine.Event {
        guard case .received(var message) = event else { return event }
        message.options = message.options.map { option in
            option.code == 3 && isEmpty
                ? .init(3, Array(option.value.prefix(12))) : option
        }
        if let status { message.options.append(.init(13, [0, status])) }
        return .received(message)
    }

    @Test func anOfferHasAnAddressAndNoComplaint() throws {
        for change in [(nil, true), (2, false)] as [(UInt8?, Bool)] {
            for kind in [DHCPv6Message.Kind.advertise, .reply] {
                var bench = try Bench.at(.soliciting)
                bench.handle(
                    Self.changed(
                        bench.answer(kind, isRapid: kind == .reply, preference: 255),
                        status: change.0, isEmpty: change.1))
                #expect(bench.machine.phase == .soliciting && bench.effects == [])
            }
        }
        var bench = try Bench.at(.requesting)
        bench.handle(Self.changed(bench.answer(.reply), isEmpty: true))
        #expect(bench.machine.phase == .soliciting)
        bench = try Bench.at(.requesting)
        bench.handle(Self.changed(bench.answer(.reply), status: 5))
        #expect(bench.machine.phase == .requesting)
        #expect(bench.effects == [.note(.refused(.useMulticast))])
        bench = try Bench.at(.confirming)
        bench.handle(Self.changed(bench.answer(.reply), status: 1))
        #expect(bench.machine.phase == .bound, "only one status says that the link is another")
        bench = try Bench.at(.renewing)
        bench.handle(Self.changed(bench.answer(.reply), isEmpty: true))
        #expect(bench.machine.phase == .renewing && bench.effects == [])
        bench = try Bench.at(.informing)
        bench.handle(Self.changed(bench.answer(.reply), status: 1))
        #expect(bench.machine.phase == .informing)
    }

    @Test func anAnswerEndsTheCountOfTries() throws {
        for phase in [DHCPv6Machine.Phase.informing, .confirming, .renewing] {
            var bench = try Bench.at(phase)
            try bench.wait()
            #expect(bench.machine.tries > 0)
            bench.handle(bench.answer(.reply))
            #expect(bench.machine.tries == 0, "\(phase)")
        }
    }

    @Test func informationIsAskedForAnewAfterADay() throws {
        let bench = try Bench.at(.informed)
        #expect(bench.machine.deadline == bench.now + .seconds(86400))
    }

    /// What counts is when the message went out that was answered.
    @Test func theTimesCountFromTheMessageThatWasAnswered() throws {
        var bench = try Bench.at(.soliciting)
        try bench.wait()
        let asked = bench.now
        bench.now += .milliseconds(700)
        bench.handle(bench.answer(.reply, isRapid: true))
        #expect(bench.machine.held?.endsAt == asked + .seconds(1000))
    }

    @Test func aRenewalIsCalledOneAndAnotherAddressIsNot() throws {
        for (host, isRenewal) in [(0x77, true), (0x78, false)] as [(UInt8, Bool)] {
            var bench = try Bench.at(.renewing)
            bench.handle(bench.answer(.reply, host: host))
            let held = try #require(bench.machine.held)
            #expect(bench.effects.first == .configure(held))
            #expect(bench.effects.contains(.inform(held.answer)))
            #expect(bench.effects.last == .note(isRenewal ? .renewed(held) : .bound(held)))
        }
    }

    // MARK: What is held

    @Test func aRouterThatAsksForLessTakesNothingAway() throws {
        var bench = try Bench.at(.bound)
        let held = bench.machine.held
        bench.handle(.wanted(.nothing))
        #expect(bench.effects == [] && bench.machine.held == held)
    }

    @Test func anAddressThatSomebodyElseHasGoesAndIsDeclinedWhereItCanBe() throws {
        var bench = try Bench.at(.bound)
        bench.handle(.addressInUse)
        #expect(bench.effects.first == .dropAddress)
        #expect(bench.sent.last?.kind == .decline)
        for event in [DHCPv6Machine.Event.carrierDown, .wanted(.information)] {
            bench = try Bench.at(.bound)
            bench.handle(event)
            let sent = bench.sent.count
            bench.handle(.addressInUse)
            #expect(bench.effects.first == .dropAddress)
            #expect(bench.machine.held == nil && bench.sent.count == sent)
            #expect(bench.machine.phase == .idle)
        }
    }

    @Test func aLeaseEndsBeforeItsRenewalWhereAServerSaysSo() throws {
        var bench = try Bench.at(.soliciting)
        guard case .received(var reply) = bench.answer(.reply, valid: 300, isRapid: true) else {
            return
        }
        reply.options = reply.options.map { option in
            guard option.code == 3 else { return option }
            let times = [5000, 8000].flatMap { IPv4Address(rawValue: $0).bytes }
            return .init(3, Array(option.value.prefix(4)) + times + option.value.dropFirst(12))
        }
        bench.handle(.received(reply))
        let obtained = try #require(bench.machine.held?.obtainedAt)
        try bench.wait()
        #expect(bench.now == obtained + .seconds(300))
        #expect(bench.effects.first == .dropAddress)
    }

    @Test func whatALinkDoesNotDenyIsUsedWithWhatCameWithIt() throws {
        var bench = try Bench.at(.confirming)
        let answer = try #require(bench.machine.held?.answer)
        while bench.machine.phase == .confirming { try bench.wait() }
        #expect(bench.effects.contains(.inform(answer)))
        bench = try Bench.at(.soliciting)
        guard case .received(let reply) = Self.changed(bench.answer(.reply), status: 1) else {
            return
        }
        let isTaken = bench.machine.takeUp(reply, obtainedAt: .seconds(50), at: bench.now)
        #expect(!isTaken, "a refusal is no lease")
    }
}
