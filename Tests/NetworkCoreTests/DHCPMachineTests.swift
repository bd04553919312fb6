import Addresses
import NetworkCore
import Testing
import Seeds

/// Every state with every event.
@Suite struct DHCPMachineTests {
    /// A machine and the messages that it has sent.
    struct Bench {
        var machine: DHCPMachine
        var random = SeededRandom(1)
        var now = Duration.seconds(100)
        var sent: [DHCPMessage] = []

        init(held: HeldLease? = nil) throws {
            let mac = try #require(DHCPMessageTests.mac)
            machine = DHCPMachine(.init(hardwareAddress: mac), held: held)
        }

        /// Takes an event and gives the effects in short words.
        @discardableResult
        mutating func handle(_ event: DHCPMachine.Event) -> [String] {
            machine.handle(event, at: now, using: &random).compactMap { effect in
                switch effect {
                case .send(let message, let way):
                    sent.append(message)
                    return message.kind.word
                        + (way == .broadcast(from: .unspecified) ? "" : " \(way)")
                case .probe(let held): return "probe \(held.lease.address)"
                case .configure(let held): return "configure \(held.lease.prefix)"
                case .dropAddress: return "drop"
                case .note(.tried): return nil
                case .note(.offered): return "offered"
                case .note(.bound): return "bound"
                case .note(.renewed): return "renewed"
                case .note(.refused): return "refused"
                case .note(.expired): return "expired"
                case .note(.declined): return "declined"
                case .note(.postponed(let address, _)): return "postponed \(address)"
                case .note(.ignored(let reason)): return "ignored: \(reason)"
                }
            }
        }

        /// The time goes on to the deadline.
        mutating func wait() throws -> [String] {
            now = max(now, try #require(machine.deadline))
            return handle(.timeReached)
        }

        /// An answer to the last message that was sent.
        func answer(
            _ kind: DHCPMessage.Kind, _ changes: [UInt8: [UInt8]?] = [:],
            address: IPv4Address = IPv4Address(192, 0, 2, 5)
        ) throws -> DHCPMachine.Event {
            var message = try LeaseTests.offer(changes, address: address)
            message.kind = kind
            message.transaction = sent.last?.transaction ?? 0
            return .received(message)
        }

        /// A machine that has come to a phase in the ordinary way.
        static func at(_ phase: DHCPMachine.Phase) throws -> Bench {
            var bench = try Bench()
            if phase == .noCarrier { return bench }
            bench.handle(.carrierUp)
            if phase == .selecting { return bench }
            bench.handle(try bench.answer(.offer))
            if phase == .requesting { return bench }
            bench.handle(try bench.answer(.ack))
            if phase == .probing { return bench }
            bench.handle(.addressFree)
            switch phase {
            case .bound: break
            case .rebooting:
                bench.handle(.carrierDown)
                bench.handle(.carrierUp)
            case .renewing: _ = try bench.wait()
            case .rebinding:
                while bench.machine.phase != .rebinding { _ = try bench.wait() }
            case .declined: bench.handle(.addressInUse)
            case .noCarrier, .selecting, .requesting, .probing: break
            }
            return bench
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let from: DHCPMachine.Phase
        let event: String
        let effects: [String]
        let to: DHCPMachine.Phase
        var testDescription: String { "\(from) \(event)" }

        init(
            _ from: DHCPMachine.Phase, _ event: String, _ effects: [String],
            _ to: DHCPMachine.Phase
        ) {
            self.from = from
            self.event = event
            self.effects = effects
            self.to = to
        }
    }

    static let unicast = "REQUEST unicast(from: 192.0.2.5, to: 192.0.2.1)"
    static let rebinding = "REQUEST broadcast(from: 192.0.2.5)"

    @Test(arguments: [
        Row(.noCarrier, "carrierUp", ["DISCOVER"], .selecting),
        Row(.noCarrier, "carrierDown", [], .noCarrier),
        Row(.noCarrier, "addressInUse", [], .noCarrier),
        Row(.noCarrier, "addressFree", [], .noCarrier),
        Row(.noCarrier, "signOfLife", [], .noCarrier),
        Row(.noCarrier, "ack", ["ignored: an unasked ACK"], .noCarrier),

        Row(.selecting, "carrierUp", ["DISCOVER"], .selecting),
        Row(.selecting, "carrierDown", [], .noCarrier),
        Row(.selecting, "time", ["DISCOVER"], .selecting),
        Row(.selecting, "addressInUse", [], .selecting),
        Row(.selecting, "offer", ["offered", "REQUEST"], .requesting),
        Row(.selecting, "ack", ["ignored: an unasked ACK"], .selecting),
        Row(.selecting, "nak", ["ignored: an unasked NAK"], .selecting),
        Row(.selecting, "rapid ack", ["probe 192.0.2.5"], .probing),
        Row(.selecting, "addressFree", [], .selecting),
        Row(.selecting, "signOfLife", ["DISCOVER"], .selecting),
        Row(
            .selecting, "offer without lease time",
            ["ignored: an answer without a lease time"], .selecting),

        Row(.requesting, "carrierUp", ["DISCOVER"], .selecting),
        Row(.requesting, "carrierDown", [], .noCarrier),
        Row(.requesting, "time", ["REQUEST"], .requesting),
        Row(.requesting, "addressInUse", [], .requesting),
        Row(.requesting, "offer", ["ignored: an unasked OFFER"], .requesting),
        Row(.requesting, "ack", ["probe 192.0.2.5"], .probing),
        Row(.requesting, "addressFree", [], .requesting),
        Row(.requesting, "signOfLife", [], .requesting),
        Row(.requesting, "nak", ["refused", "DISCOVER"], .selecting),
        Row(
            .requesting, "ack of another server",
            ["ignored: an answer of a server that was not asked"], .requesting),
        Row(
            .requesting, "nak of another server",
            ["ignored: an answer of a server that was not asked"], .requesting),
        Row(
            .requesting, "ack of another address",
            ["ignored: an acknowledgement of an address that was not asked for"], .requesting),

        Row(.probing, "carrierUp", ["DISCOVER"], .selecting),
        Row(.probing, "carrierDown", [], .noCarrier),
        Row(.probing, "time", ["DISCOVER"], .selecting),
        Row(.probing, "addressFree", ["configure 192.0.2.5/24", "bound"], .bound),
        Row(.probing, "addressInUse", ["DECLINE", "declined"], .declined),
        Row(.probing, "ack", ["ignored: an unasked ACK"], .probing),
        Row(.probing, "signOfLife", [], .probing),

        Row(.rebooting, "addressFree", [], .rebooting),
        Row(.rebooting, "signOfLife", [], .rebooting),
        Row(.rebooting, "carrierUp", ["REQUEST"], .rebooting),
        Row(.rebooting, "carrierDown", [], .noCarrier),
        Row(.rebooting, "time", ["REQUEST"], .rebooting),
        Row(.rebooting, "addressInUse", ["drop", "DECLINE", "declined"], .declined),
        Row(.rebooting, "ack", ["configure 192.0.2.5/24", "renewed"], .bound),
        Row(.rebooting, "nak of another server", ["drop", "refused", "DISCOVER"], .selecting),

        Row(.bound, "addressFree", [], .bound),
        Row(.bound, "signOfLife", [], .bound),
        Row(.bound, "carrierUp", ["REQUEST"], .rebooting),
        Row(.bound, "carrierDown", [], .noCarrier),
        Row(.bound, "time", [unicast], .renewing),
        Row(.bound, "addressInUse", ["drop", "DECLINE", "declined"], .declined),
        Row(.bound, "nak", ["ignored: an unasked NAK"], .bound),

        Row(.renewing, "addressFree", [], .renewing),
        Row(.renewing, "signOfLife", [], .renewing),
        Row(.renewing, "carrierUp", ["REQUEST"], .rebooting),
        Row(.renewing, "carrierDown", [], .noCarrier),
        Row(.renewing, "time", [unicast], .renewing),
        Row(.renewing, "addressInUse", ["drop", "DECLINE", "declined"], .declined),
        Row(.renewing, "ack", ["configure 192.0.2.5/24", "renewed"], .bound),
        Row(.renewing, "nak", ["drop", "refused", "DISCOVER"], .selecting),
        Row(
            .renewing, "nak of another server",
            ["ignored: an answer of a server that was not asked"], .renewing),

        Row(.rebinding, "addressFree", [], .rebinding),
        Row(.rebinding, "signOfLife", [], .rebinding),
        Row(.rebinding, "carrierUp", ["REQUEST"], .rebooting),
        Row(.rebinding, "carrierDown", [], .noCarrier),
        Row(.rebinding, "time", [rebinding], .rebinding),
        Row(.rebinding, "addressInUse", ["drop", "DECLINE", "declined"], .declined),
        Row(.rebinding, "ack of another server", ["configure 192.0.2.5/24", "renewed"], .bound),
        Row(.rebinding, "nak", ["drop", "refused", "DISCOVER"], .selecting),

        Row(.declined, "addressFree", [], .declined),
        Row(.declined, "signOfLife", [], .declined),
        Row(.declined, "carrierUp", ["DISCOVER"], .selecting),
        Row(.declined, "carrierDown", [], .noCarrier),
        Row(.declined, "time", ["DISCOVER"], .selecting),
        Row(.declined, "addressInUse", [], .declined),
        Row(.declined, "ack", ["ignored: an unasked ACK"], .declined),
    ])
    func table(row: Row) throws {
        var bench = try Bench.at(row.from)
        #expect(bench.machine.phase == row.from)
        let other: [UInt8: [UInt8]?] = [54: [192, 0, 2, 99]]
        let effects =
            switch row.event {
            case "carrierUp": bench.handle(.carrierUp)
            case "carrierDown": bench.handle(.carrierDown)
            case "addressInUse": bench.handle(.addressInUse)
            case "addressFree": bench.handle(.addressFree)
            case "signOfLife": bench.handle(.signOfLife)
            case "time": try bench.wait()
            case "offer": bench.handle(try bench.answer(.offer))
            case "offer without lease time": bench.handle(try bench.answer(.offer, [51: nil]))
            case "ack": bench.handle(try bench.answer(.ack))
            case "rapid ack": bench.handle(try bench.answer(.ack, [80: []]))
            case "nak": bench.handle(try bench.answer(.nak))
            case "ack of another server": bench.handle(try bench.answer(.ack, other))
            case "nak of another server": bench.handle(try bench.answer(.nak, other))
            case "ack of another address":
                bench.handle(try bench.answer(.ack, address: IPv4Address(192, 0, 2, 6)))
            default: ["no such event in the test"]
            }
        #expect(effects == row.effects)
        #expect(bench.machine.phase == row.to)
    }

    static let phases: [DHCPMachine.Phase] = [
        .noCarrier, .selecting, .requesting, .probing, .rebooting, .bound, .renewing, .rebinding,
        .declined,
    ]

    @Test(arguments: phases) func aSpuriousWakeUpDoesNothing(phase: DHCPMachine.Phase) throws {
        var bench = try Bench.at(phase)
        let before = bench.machine.deadline
        #expect(bench.handle(.timeReached) == [])
        #expect(bench.machine.phase == phase)
        #expect(bench.machine.deadline == before)
    }

    @Test(arguments: phases) func answersToOthersAreIgnored(phase: DHCPMachine.Phase) throws {
        var bench = try Bench.at(phase)
        for kind in [DHCPMessage.Kind.offer, .ack, .nak] {
            guard case .received(var message) = try bench.answer(kind) else { continue }
            message.transaction &+= 1
            #expect(bench.handle(.received(message)).allSatisfy { $0.hasPrefix("ignored") })
            message.transaction &-= 1
            message.hardwareAddress = HardwareAddress.broadcast
            #expect(bench.handle(.received(message)).allSatisfy { $0.hasPrefix("ignored") })
            guard case .received(var request) = try bench.answer(kind) else { continue }
            request.isReply = false
            #expect(bench.handle(.received(request)).allSatisfy { $0.hasPrefix("ignored") })
        }
        #expect(bench.machine.phase == phase)
    }

    @Test func theLeaseCountsFromTheRequest() throws {
        var bench = try Bench.at(.requesting)
        let requestedAt = bench.now
        bench.now += .milliseconds(700)
        bench.handle(try bench.answer(.ack))
        bench.now += .seconds(1)
        bench.handle(.addressFree)
        #expect(bench.machine.held?.endsAt == requestedAt + .seconds(3600))
        // Also where the offer came late, or the request was sent again.
        bench = try Bench.at(.selecting)
        bench.now += .milliseconds(900)
        bench.handle(try bench.answer(.offer))
        _ = try bench.wait()
        let again = bench.now
        bench.now += .milliseconds(300)
        bench.handle(try bench.answer(.ack))
        bench.handle(.addressFree)
        #expect(bench.machine.held?.endsAt == again + .seconds(3600))
    }

    @Test func theAddressGoesWhenTheLeaseEndsWhateverTheState() throws {
        for phase in [DHCPMachine.Phase.noCarrier, .rebooting, .rebinding, .renewing] {
            var bench = try Bench.at(.bound)
            let end = try #require(bench.machine.held?.endsAt)
            bench = phase == .noCarrier ? bench : try Bench.at(phase)
            if phase == .noCarrier { bench.handle(.carrierDown) }
            var effects: [String] = []
            while bench.machine.held != nil { effects += try bench.wait() }
            #expect(bench.now >= end, "\(phase)")
            #expect(bench.now <= end + .seconds(1), "\(phase)")
            #expect(effects.count { $0 == "drop" } == 1, "\(phase)")
            #expect(effects.contains("expired"), "\(phase)")
        }
    }

    @Test func anUnansweredRebootSearchesAndKeepsTheAddressMeanwhile() throws {
        var bench = try Bench.at(.rebooting)
        while bench.machine.phase == .rebooting { _ = try bench.wait() }
        #expect(bench.machine.phase == .selecting)
        #expect(bench.machine.held?.lease.address == IPv4Address(192, 0, 2, 5))
        #expect(bench.sent.last?.options.address(50) == IPv4Address(192, 0, 2, 5))
        #expect(bench.now < .seconds(110), "three requests take a few seconds")
    }

    @Test func aRefusedOfferDoesNotCostAnotherAddressThatIsHeld() throws {
        var bench = try Bench.at(.rebooting)
        while bench.machine.phase == .rebooting { _ = try bench.wait() }
        let other = IPv4Address(192, 0, 2, 6)
        bench.handle(try bench.answer(.offer, address: other))
        #expect(bench.handle(try bench.answer(.nak)) == ["refused", "DISCOVER"])
        #expect(bench.machine.held?.lease.address == IPv4Address(192, 0, 2, 5))
    }

    @Test func aServerThatOffersAndThenFallsSilentIsLeft() throws {
        var bench = try Bench.at(.requesting)
        let start = bench.now
        while bench.machine.phase == .requesting { _ = try bench.wait() }
        #expect(bench.machine.phase == .selecting)
        #expect(bench.now - start <= .seconds(8))
    }

    @Test func threeRequestsAreSent() throws {
        var bench = try Bench.at(.requesting)
        while bench.machine.phase == .requesting { _ = try bench.wait() }
        #expect(
            bench.sent.map(\.kind) == [.discover, .request, .request, .request, .discover])
    }

    @Test func itSendsWhoItIs() throws {
        let bench = try Bench.at(.requesting)
        let mac: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]
        #expect(bench.sent.map { $0.options[61] } == [[1] + mac, [1] + mac])
        #expect(bench.sent.first?.options[55]?.starts(with: [1, 121, 3]) == true)
        #expect(bench.sent.first?.options[80] == [])
        #expect(bench.sent.last?.options.address(54) == IPv4Address(192, 0, 2, 1))
        #expect(bench.sent.last?.clientAddress == .unspecified)
        let renewing = try Bench.at(.renewing)
        #expect(renewing.sent.last?.clientAddress == IPv4Address(192, 0, 2, 5))
        #expect(renewing.sent.last?.options[50] == nil, "RFC 2131 table 5")
        #expect(renewing.sent.last?.options[54] == nil, "RFC 2131 table 5")
    }

    @Test func aLeaseFromAnEarlierRunIsAskedForAgain() throws {
        let lease = try LeaseTests.lease()
        var bench = try Bench(held: HeldLease(lease, obtainedAt: .seconds(50)))
        #expect(bench.handle(.carrierUp) == ["REQUEST"])
        #expect(bench.sent.last?.options.address(50) == lease.address)
        var late = try Bench(held: HeldLease(lease, obtainedAt: .seconds(50)))
        late.now = .seconds(3651)
        #expect(late.handle(.carrierUp) == ["drop", "expired", "DISCOVER"])
    }

    @Test func aStormOfRefusalsIsAnsweredAtTwentyAMinute() throws {
        var bench = try Bench.at(.selecting)
        let start = bench.now
        while bench.now < start + .seconds(600) {
            bench.handle(try bench.answer(.offer))
            bench.handle(try bench.answer(.nak))
            bench.now += .milliseconds(100)
            bench.handle(.timeReached)
        }
        #expect(bench.sent.count <= 200 + 8)
        #expect(bench.sent.count > 150)
    }

    @Test func aLooseCableSendsNoMoreEither() throws {
        var bench = try Bench()
        let start = bench.now
        while bench.now < start + .seconds(600) {
            bench.handle(.carrierUp)
            bench.now += .milliseconds(50)
            bench.handle(.carrierDown)
        }
        #expect(bench.sent.count <= 200 + 8)
    }

    @Test func whoIsHeardAfterASilenceIsAskedAtOnceAndDensely() throws {
        var bench = try Bench.at(.selecting)
        while bench.now < .seconds(200) { _ = try bench.wait() }
        let start = bench.now
        bench.now += .milliseconds(500)
        let sent = bench.sent.count
        #expect(bench.handle(.signOfLife) == ["DISCOVER"])
        while bench.now < start + .seconds(4) { _ = try bench.wait() }
        #expect(bench.sent.count - sent >= 4)
    }
}
