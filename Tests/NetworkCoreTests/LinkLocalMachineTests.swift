import Addresses
import NetworkCore
import Testing
import Seeds

/// Every state with every event.
@Suite struct LinkLocalMachineTests {
    typealias Packets = ARPPacketTests

    struct Bench {
        var machine = LinkLocalMachine(for: Packets.own)
        var random = SeededRandom(5)
        var now = Duration.seconds(100)
        var probed: [IPv4Address] = []

        @discardableResult
        mutating func handle(_ event: LinkLocalMachine.Event) -> [String] {
            machine.handle(event, at: now, using: &random).map { effect in
                switch effect {
                case .send(let packet):
                    guard packet.sender == .unspecified else { return "announce" }
                    probed.append(packet.target)
                    return "probe"
                case .take: return "take"
                case .drop: return "drop"
                case .gaveWay: return "gave way"
                }
            }
        }

        mutating func wait() throws -> [String] {
            now = max(now, try #require(machine.deadline))
            return handle(.timeReached)
        }

        enum Place: CaseIterable { case idle, waiting, probing, holding, resting }

        static func at(_ place: Place) throws -> Bench {
            var bench = Bench()
            if place == .idle { return bench }
            bench.handle(.needed)
            if place == .waiting { return bench }
            _ = try bench.wait()
            if place == .probing {
                _ = try bench.wait()
                return bench
            }
            while bench.machine.address == nil { _ = try bench.wait() }
            if place == .resting { bench.handle(.carrierDown) }
            return bench
        }

        /// Another machine says that it has the address that is probed for or held.
        func contest() -> LinkLocalMachine.Event {
            .heard(.announcement(of: probed.last ?? .unspecified, by: Packets.other))
        }
    }

    @Test func afterFifteenSecondsItGivesItselfAnAddressAndKeepsIt() throws {
        var bench = Bench()
        let start = bench.now
        #expect(bench.handle(.needed) == [])
        #expect(bench.machine.deadline == start + .seconds(15))
        var all: [String] = []
        while bench.machine.deadline != nil { all += try bench.wait() }
        #expect(all == ["probe", "probe", "probe", "take", "announce", "announce"])
        let address = try #require(bench.machine.address)
        #expect(address.isLinkLocal)
        #expect(bench.probed == [address, address, address])
        #expect(bench.handle(.needed) == [], "said again after every event")
        #expect(bench.machine.address == address)
        #expect(bench.handle(.notNeeded) == ["drop"])
        #expect(bench.machine.address == nil)
        #expect(bench.machine.deadline == nil)
    }

    @Test func theSameMachineChoosesTheSameAddressAndTwoDoNot() throws {
        let first = try Bench.at(.holding).machine.address
        #expect(try Bench.at(.holding).machine.address == first)
        var other = Bench()
        other.machine = LinkLocalMachine(for: Packets.other)
        other.handle(.needed)
        while other.machine.address == nil { _ = try other.wait() }
        #expect(other.machine.address != first)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let from: Bench.Place
        let event: LinkLocalMachine.Event
        let effects: [String]
        /// Whether the interface has an address afterwards.
        let hasAddress: Bool
        /// Whether anything is planned afterwards.
        let isBusy: Bool
        var testDescription: String { "\(from) \(event)" }

        init(
            _ from: Bench.Place, _ event: LinkLocalMachine.Event, _ effects: [String],
            hasAddress: Bool = false, isBusy: Bool
        ) {
            self.from = from
            self.event = event
            self.effects = effects
            self.hasAddress = hasAddress
            self.isBusy = isBusy
        }
    }

    static let noise = LinkLocalMachine.Event.heard(
        .announcement(of: IPv4Address(192, 0, 2, 9), by: Packets.other))

    @Test(arguments: [
        Row(.idle, .needed, [], isBusy: true),
        Row(.idle, .notNeeded, [], isBusy: false),
        Row(.idle, .carrierUp, [], isBusy: false),
        Row(.idle, .carrierDown, [], isBusy: false),
        Row(.idle, noise, [], isBusy: false),
        Row(.waiting, .needed, [], isBusy: true),
        Row(.waiting, .notNeeded, [], isBusy: false),
        Row(.waiting, .carrierUp, [], isBusy: true),
        Row(.waiting, .carrierDown, [], isBusy: false),
        Row(.waiting, noise, [], isBusy: true),
        Row(.probing, .needed, [], isBusy: true),
        Row(.probing, .notNeeded, [], isBusy: false),
        Row(.probing, .carrierUp, [], isBusy: true),
        Row(.probing, .carrierDown, [], isBusy: false),
        Row(.probing, noise, [], isBusy: true),
        Row(.holding, .needed, [], hasAddress: true, isBusy: true),
        Row(.holding, .notNeeded, ["drop"], isBusy: false),
        Row(.holding, .carrierUp, [], hasAddress: true, isBusy: true),
        Row(.holding, .carrierDown, [], hasAddress: true, isBusy: false),
        Row(.holding, noise, [], hasAddress: true, isBusy: true),
        Row(.resting, .needed, [], hasAddress: true, isBusy: true),
        Row(.resting, .notNeeded, ["drop"], isBusy: false),
        Row(.resting, .carrierUp, [], hasAddress: true, isBusy: true),
        Row(.resting, .carrierDown, [], hasAddress: true, isBusy: false),
        Row(.resting, noise, [], hasAddress: true, isBusy: false),
    ])
    func table(row: Row) throws {
        var bench = try Bench.at(row.from)
        #expect(bench.handle(row.event) == row.effects)
        #expect((bench.machine.address != nil) == row.hasAddress)
        #expect((bench.machine.deadline != nil) == row.isBusy)
        let before = bench.machine.deadline
        if before.map({ $0 > bench.now }) ?? true {
            #expect(bench.handle(.timeReached) == [], "a spurious wake-up does nothing")
            #expect(bench.machine.deadline == before)
        }
    }

    /// The address is on the interface while it is probed for on the new link.
    static func probingAgain() throws -> Bench {
        var bench = try Bench.at(.resting)
        bench.handle(.carrierUp)
        return bench
    }

    @Test func whileItIsProbedForAgainItIsNotForgotten() throws {
        var bench = try Self.probingAgain()
        let address = try #require(bench.machine.address)
        bench.handle(.carrierDown)
        #expect(bench.machine.address == address)
        bench.handle(.carrierUp)
        bench.handle(.carrierUp)
        #expect(bench.machine.address == address)
        var all: [String] = []
        while bench.machine.deadline != nil { all += try bench.wait() }
        #expect(all == ["probe", "probe", "probe", "announce", "announce"], "it is there already")
        bench = try Self.probingAgain()
        #expect(bench.handle(.notNeeded) == ["drop"])
        bench = try Bench.at(.holding)
        bench.handle(.carrierUp)
        #expect(bench.handle(.notNeeded) == ["drop"])
        bench = try Bench.at(.resting)
        bench.handle(.needed)
        #expect(bench.machine.address == address)
    }

    @Test func anAddressThatIsOnlyProbedForIsNotKept() throws {
        var bench = try Bench.at(.probing)
        bench.handle(.carrierDown)
        #expect(bench.machine.address == nil)
        bench = try Bench.at(.probing)
        bench.handle(.carrierUp)
        #expect(bench.machine.address == nil)
        #expect(bench.handle(bench.contest()) == ["gave way"])
    }

    @Test func aNewLinkHasItsOwnFifteenSeconds() throws {
        var bench = try Bench.at(.waiting)
        bench.now += .seconds(10)
        bench.handle(.carrierUp)
        #expect(bench.machine.deadline == bench.now + .seconds(15))
    }

    @Test func anAddressThatIsTakenIsLeftForAnother() throws {
        var bench = try Bench.at(.probing)
        let first = try #require(bench.probed.last)
        #expect(bench.handle(bench.contest()) == ["gave way"])
        while bench.machine.address == nil { _ = try bench.wait() }
        #expect(bench.machine.address != first)

        #expect(bench.handle(bench.contest()) == ["announce"])
        bench.now += .seconds(1)
        #expect(bench.handle(bench.contest()) == ["drop", "gave way"])
        #expect(bench.machine.address == nil)
    }

    @Test func anAddressThatCouldBeHadEndsTheCountOfConflicts() throws {
        var bench = try Bench.at(.waiting)
        for _ in 0..<9 {
            while try bench.wait() != ["probe"] {}
            #expect(bench.handle(bench.contest()) == ["gave way"])
        }
        while bench.machine.address == nil { _ = try bench.wait() }
        while bench.machine.deadline != nil { _ = try bench.wait() }
        bench.handle(bench.contest())
        #expect(bench.handle(bench.contest()) == ["drop", "gave way"])
        #expect(bench.machine.deadline == bench.now, "the next one is tried at once")
    }

    @Test func onANewLinkTheAddressStaysAndIsProbedFor() throws {
        var bench = try Bench.at(.resting)
        let address = bench.machine.address
        bench.handle(.carrierUp)
        bench.probed = []
        _ = try bench.wait()
        #expect(bench.probed == [address].compactMap { $0 })
        #expect(bench.machine.address == address)
        #expect(bench.handle(bench.contest()) == ["drop", "gave way"])
        #expect(bench.machine.address == nil)
    }

    @Test func afterTenConflictsOnlyOneAddressAMinuteIsTried() throws {
        var bench = try Bench.at(.waiting)
        var waits: [Duration] = []
        for _ in 0..<12 {
            while bench.machine.deadline != nil {
                if try bench.wait() == ["probe"] { break }
            }
            let lostAt = bench.now
            #expect(bench.handle(bench.contest()) == ["gave way"])
            waits.append((bench.machine.deadline ?? lostAt) - lostAt)
        }
        #expect(waits.prefix(9).allSatisfy { $0 == .zero })
        #expect(waits.dropFirst(9).allSatisfy { $0 == .seconds(60) })
        #expect(Set(bench.probed).count == 12)
        #expect(bench.probed.allSatisfy { $0.isLinkLocal })
    }
}
