import Addresses
import Testing

@testable import NetworkCore
import Seeds

/// The DHCPv6 machine by states and events, and in conversation with a server over a bad network.
@Suite struct DHCPv6MachineTests {
    static let mac = HardwareAddress(bytes: [2, 0, 0, 0, 0, 1]) ?? .broadcast
    static let server: [UInt8] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 9]

    /// A machine, its clock, and what it sent.
    struct Bench {
        var machine = DHCPv6Machine(DHCPv6MachineTests.mac)
        var random = SeededRandom(1)
        var now = Duration.seconds(100)
        var sent: [DHCPv6Message] = []
        var effects: [DHCPv6Machine.Effect] = []

        mutating func handle(_ event: DHCPv6Machine.Event) {
            effects = machine.handle(event, at: now, using: &random)
            sent += effects.compactMap { if case .send(let message) = $0 { message } else { nil } }
        }

        mutating func wait() throws {
            now = max(now, try #require(machine.deadline))
            handle(.timeReached)
        }

        /// An answer to the last message.
        func answer(
            _ kind: DHCPv6Message.Kind, valid: UInt32 = 1000, status: UInt16? = nil,
            isRapid: Bool = false, preference: UInt8? = nil,
            from server: [UInt8] = DHCPv6MachineTests.server, host: UInt8 = 0x77
        ) -> DHCPv6Machine.Event {
            var message = DHCPv6Message(kind, transaction: sent.last?.transaction ?? 0)
            message.options = [.init(1, machine.identifier), .init(2, server)]
            if isRapid { message.options.append(.init(14, [])) }
            if let preference { message.options.append(.init(7, [preference])) }
            let words = [valid, valid].flatMap { IPv4Address(rawValue: $0).bytes }
            let address = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [host]
            var inner: [DHCPv6Message.Option] = [.init(5, address + words)]
            if let status { inner = [.init(13, [0, UInt8(status)])] }
            let identity = IPv4Address(rawValue: machine.identity).bytes
            message.options.append(
                .init(
                    3, identity + [UInt8](repeating: 0, count: 8) + DHCPv6Message.encoded(inner)))
            message.options.append(
                .init(23, [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [0x53]))
            return .received(message)
        }

        /// In one of the phases that a test begins with.
        static func at(_ phase: DHCPv6Machine.Phase) throws -> Bench {
            var bench = Bench()
            guard phase != .idle else { return bench }
            bench.handle(.carrierUp)
            let isStateless = phase == .informing || phase == .informed
            bench.handle(.wanted(isStateless ? .information : .addresses))
            try bench.wait()
            switch phase {
            case .idle, .informing, .soliciting: break
            case .informed: bench.handle(bench.answer(.reply))
            case .requesting: bench.handle(bench.answer(.advertise, preference: 255))
            case .confirming, .bound, .renewing, .rebinding, .declining:
                bench.handle(bench.answer(.reply, isRapid: true))
            }
            if phase == .confirming {
                bench.handle(.carrierDown)
                bench.handle(.carrierUp)
            }
            if phase == .renewing || phase == .rebinding { try bench.wait() }
            while phase == .rebinding, bench.machine.phase == .renewing { try bench.wait() }
            if phase == .declining { bench.handle(.addressInUse) }
            #expect(bench.machine.phase == phase)
            return bench
        }
    }

    @Test func aRapidServerNeedsTwoMessages() throws {
        var bench = try Bench.at(.soliciting)
        #expect(bench.sent.map(\.kind) == [.solicit])
        #expect(bench.sent[0][14] == [], "rapid commit is asked for")
        #expect(bench.sent[0][1] == [0, 3, 0, 1, 2, 0, 0, 0, 0, 1])
        bench.handle(bench.answer(.reply, isRapid: true))
        #expect(bench.machine.phase == .bound)
        #expect(bench.machine.held?.address.address.description == "2001:db8::77")
        #expect(bench.effects.contains { if case .inform = $0 { true } else { false } })
    }

    @Test func theBestOfferWithinTheFirstGapIsTaken() throws {
        var bench = try Bench.at(.soliciting)
        bench.handle(bench.answer(.advertise, from: [1]))
        bench.handle(bench.answer(.advertise, preference: 9, from: [2]))
        bench.handle(bench.answer(.advertise, preference: 3, from: [3]))
        #expect(bench.sent.count == 1)
        try bench.wait()
        #expect(bench.sent.last?.kind == .request)
        #expect(bench.sent.last?[2] == [2])
        bench.handle(bench.answer(.reply, from: [3]))
        #expect(bench.machine.phase == .requesting, "another server was asked")
        bench.handle(bench.answer(.reply, from: [2]))
        #expect(bench.machine.phase == .bound)
    }

    @Test(arguments: [
        (DHCPv6Machine.Phase.idle, DHCPv6Machine.Event.carrierUp, DHCPv6Machine.Phase.idle),
        (.idle, .wanted(.addresses), .idle), (.idle, .timeReached, .idle),
        (.idle, .addressInUse, .idle),
        (.informing, .carrierDown, .idle), (.informing, .wanted(.nothing), .idle),
        (.informing, .wanted(.addresses), .soliciting), (.informing, .addressInUse, .informing),
        (.informed, .carrierDown, .idle), (.informed, .timeReached, .informed),
        (.soliciting, .carrierDown, .idle), (.soliciting, .carrierUp, .soliciting),
        (.soliciting, .wanted(.information), .informing), (.soliciting, .timeReached, .soliciting),
        (.requesting, .carrierDown, .idle), (.requesting, .timeReached, .requesting),
        (.requesting, .addressInUse, .requesting),
        (.confirming, .carrierDown, .idle), (.confirming, .addressInUse, .declining),
        (.bound, .carrierDown, .idle), (.bound, .carrierUp, .confirming),
        (.bound, .timeReached, .bound), (.bound, .addressInUse, .declining),
        (.bound, .wanted(.addresses), .bound), (.bound, .wanted(.nothing), .idle),
        (.renewing, .carrierDown, .idle), (.renewing, .addressInUse, .declining),
        (.rebinding, .carrierDown, .idle), (.rebinding, .addressInUse, .declining),
        (.declining, .carrierDown, .idle), (.declining, .addressInUse, .declining),
        (.declining, .timeReached, .declining),
    ])
    func eventsLeadOn(
        from phase: DHCPv6Machine.Phase, by event: DHCPv6Machine.Event,
        to expected: DHCPv6Machine.Phase
    ) throws {
        var bench = try Bench.at(phase)
        bench.handle(event)
        #expect(bench.machine.phase == expected)
    }

    @Test(arguments: [
        (DHCPv6Machine.Phase.requesting, UInt16(1), DHCPv6Machine.Phase.requesting),
        (.requesting, 2, .soliciting), (.requesting, 4, .soliciting),
        (.confirming, 0, .bound), (.confirming, 4, .soliciting),
        (.renewing, 3, .soliciting), (.renewing, 1, .renewing), (.rebinding, 4, .soliciting),
        (.declining, 0, .soliciting),
    ])
    func statusesLeadOn(
        from phase: DHCPv6Machine.Phase, by status: UInt16, to expected: DHCPv6Machine.Phase
    ) throws {
        var bench = try Bench.at(phase)
        let hadAddress = bench.machine.held != nil
        bench.handle(bench.answer(.reply, status: status == 0 ? nil : status))
        #expect(bench.machine.phase == expected)
        let drops = bench.effects.contains(.dropAddress)
        #expect(drops == (hadAddress && expected == .soliciting && phase != .declining))
    }

    @Test func whatIsNotForUsCountsForNothing() throws {
        var bench = try Bench.at(.soliciting)
        guard case .received(let good) = bench.answer(.reply, isRapid: true) else { return }
        var other = good
        other.transaction ^= 1
        bench.handle(.received(other))
        other = good
        other.options[0] = .init(1, [9])
        bench.handle(.received(other))
        other = good
        other.options.removeAll { $0.code == 2 }
        bench.handle(.received(other))
        other = good
        other.kind = .reconfigure
        bench.handle(.received(other))
        #expect(bench.machine.phase == .soliciting)
        bench.handle(.received(good))
        #expect(bench.machine.phase == .bound)
    }

    @Test func aLeaseIsRenewedThenReboundThenEnds() throws {
        var bench = try Bench.at(.bound)
        let obtained = bench.now
        try bench.wait()
        #expect(bench.now - obtained == .seconds(500))
        #expect(bench.sent.last?.kind == .renew && bench.sent.last?[2] == Self.server)
        while bench.machine.phase == .renewing { try bench.wait() }
        #expect(bench.now - obtained == .seconds(800))
        #expect(bench.sent.last?.kind == .rebind && bench.sent.last?[2] == nil)
        while bench.machine.phase == .rebinding { try bench.wait() }
        #expect(bench.now - obtained == .seconds(1000))
        #expect(bench.effects.first == .dropAddress)
        #expect(bench.machine.phase == .soliciting)
    }

    @Test(arguments: [DHCPv6Machine.Phase.renewing, .rebinding])
    func whoHasAnAddressAsksAtLeisure(phase: DHCPv6Machine.Phase) throws {
        var bench = try Bench.at(phase)
        while bench.sent.suffix(4).count(where: { $0.kind == bench.sent.last?.kind }) < 4 {
            try bench.wait()
        }
        let wait = try #require(bench.machine.deadline) - bench.now
        #expect((.seconds(18) ... .seconds(30)).contains(wait))
    }

    @Test func aLinkThatConfirmsNothingIsBelieved() throws {
        var bench = try Bench.at(.confirming)
        #expect(bench.sent.last?.kind == .confirm)
        while bench.machine.phase == .confirming { try bench.wait() }
        #expect(bench.sent.map(\.kind).suffix(4) == [.solicit, .confirm, .confirm, .confirm])
        #expect(bench.machine.phase == .bound)
        #expect(bench.machine.held != nil)
    }

    @Test(arguments: [DHCPv6Machine.Phase.soliciting, .informing])
    func itNeverGivesUpAndNeverFloods(phase: DHCPv6Machine.Phase) throws {
        var bench = try Bench.at(phase)
        let start = bench.now
        while bench.now < start + .seconds(3 * 86400) {
            let before = bench.now
            try bench.wait()
            #expect(bench.now - before <= .milliseconds(6800), "the address is there in 8 s")
        }
        let minutes = 3 * 86400 / 60
        #expect(bench.sent.count > 9 * minutes && bench.sent.count < 10 * minutes)
    }

    /// The two of them, with nobody there.
    @Test func togetherWithDHCPv4ItKeepsToTwentyPacketsAMinuteAndToTheCap() throws {
        var six = try Bench.at(.soliciting)
        var four = DHCPMachine(.init(hardwareAddress: Self.mac))
        var random = SeededRandom(3)
        six.machine.share(true)
        four.isShared = true
        _ = four.handle(.carrierUp, at: six.now, using: &random)
        var count = 0
        let start = six.now
        var last4 = start
        while six.now < start + .seconds(3600) {
            let next4 = try #require(four.deadline)
            if next4 <= (six.machine.deadline ?? .zero) {
                six.now = next4
                let effects = four.handle(.timeReached, at: next4, using: &random)
                #expect(!effects.isEmpty)
                #expect(next4 - last4 <= .milliseconds(5400))
                last4 = next4
                count += 1
            } else {
                let before = six.sent.count
                try six.wait()
                #expect((six.machine.deadline ?? .zero) - six.now <= .seconds(8))
                count += six.sent.count - before
            }
        }
        #expect(count <= 20 * 60 && count > 18 * 60)
    }

    @Test func aLeaseIsKeptWhileTheLinkIsAwayAndConfirmed() throws {
        var bench = try Bench.at(.bound)
        let held = bench.machine.held
        let sent = bench.sent.count
        bench.handle(.carrierDown)
        #expect(bench.effects == [] && bench.machine.held == held)
        bench.now += .seconds(30)
        bench.handle(.carrierUp)
        #expect(bench.sent.dropFirst(sent).map(\.kind) == [.confirm])
        bench.handle(bench.answer(.reply))
        #expect(bench.machine.phase == .bound && bench.machine.held == held)
        #expect(!bench.effects.contains(.dropAddress))
        let confirmed = try #require(held).answer
        #expect(bench.effects.contains(.inform(confirmed)), "its name servers count again")

        // Past the time of renewal it is confirmed first and then renewed.
        bench.handle(.carrierDown)
        bench.now += .seconds(500)
        bench.handle(.carrierUp)
        bench.handle(bench.answer(.reply))
        #expect(bench.sent.suffix(2).map(\.kind) == [.confirm, .renew])
    }

    @Test func aLeaseThatEndsWhileTheLinkIsAwayGoes() throws {
        var bench = try Bench.at(.bound)
        bench.handle(.carrierDown)
        try bench.wait()
        #expect(bench.effects.first == .dropAddress)
        bench.handle(.carrierUp)
        #expect(bench.machine.phase == .soliciting)
    }

    @Test func aLeaseOfAnEarlierRunIsTakenUpAndConfirmed() throws {
        var bench = try Bench.at(.soliciting)
        guard case .received(let reply) = bench.answer(.reply) else { return }
        func later(_ message: DHCPv6Message, obtainedAt: Duration = .seconds(50)) -> Bench? {
            var later = Bench()
            return later.machine.takeUp(message, obtainedAt: obtainedAt, at: later.now)
                ? later : nil
        }
        bench = try #require(later(reply))
        #expect(bench.machine.held?.endsAt == .seconds(1050))
        bench.handle(.carrierUp)
        bench.handle(.wanted(.addresses))
        #expect(bench.sent.map(\.kind) == [.confirm])

        #expect(later(reply, obtainedAt: .seconds(101)) == nil, "a time of another boot")
        #expect(later(reply, obtainedAt: .seconds(-900)) == nil, "it has ended")
        var other = reply
        other.kind = .advertise
        #expect(later(other) == nil)
        other = reply
        other.options[0] = .init(1, [0, 3, 0, 1, 2, 0, 0, 0, 0, 2])
        #expect(later(other) == nil, "of another machine")
    }

    @Test(arguments: 0..<40) func aBadNetworkEndsInAnAddress(seed: UInt64) throws {
        var bench = Bench()
        bench.random = SeededRandom(seed)
        var dice = SeededRandom(seed &+ 1000)
        bench.handle(.carrierUp)
        bench.handle(.wanted(.addresses))
        var configured: HeldDHCPv6?
        var isUp = false
        var waited = Duration.zero
        for _ in 0..<3000 {
            let before = bench.now
            let count = bench.sent.count
            try bench.wait()
            var effects = bench.effects
            if Int.random(in: 0..<100, using: &dice) == 0 { isUp.toggle() }
            if isUp, bench.sent.count > count, Int.random(in: 0..<10, using: &dice) > 2 {
                let kind = bench.sent.last?.kind
                let copies = Int.random(in: 1...2, using: &dice)
                for _ in 0..<copies {
                    let host = UInt8.random(in: 1...3, using: &dice)
                    bench.handle(
                        bench.answer(kind == .solicit ? .advertise : .reply, host: host))
                    effects += bench.effects
                }
            }
            for effect in effects {
                if case .configure(let held) = effect { configured = held }
                if effect == .dropAddress { configured = nil }
            }
            #expect(configured == bench.machine.held)
            #expect(bench.machine.deadline != nil)
            #expect(configured.map { !$0.hasEnded(at: bench.now) } ?? true)
            waited = configured == nil && isUp ? waited + (bench.now - before) : .zero
            #expect(waited < .seconds(600))
        }
        #expect(bench.sent.count > 100)
    }

    @Test func messagesAreReadAsTheyAreWritten() throws {
        var random = SeededRandom(7)
        for phase in [
            DHCPv6Machine.Phase.soliciting, .requesting, .renewing, .rebinding, .informing,
        ] {
            for message in try Bench.at(phase).sent {
                #expect(try DHCPv6Message(parsing: message.encoded[...]) == message)
                for _ in 0..<200 {
                    var bytes = message.encoded
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                    bytes.removeLast(Int.random(in: 0...4, using: &random))
                    let mangled = try? DHCPv6Message(parsing: bytes[...])
                    _ = mangled.flatMap { DHCPv6Answer(parsing: $0, identity: 1) }
                }
            }
        }
    }
}
