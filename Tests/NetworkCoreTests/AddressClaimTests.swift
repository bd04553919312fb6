import Addresses
import NetworkCore
import Testing
import Seeds

/// Every state with every event.
@Suite struct AddressClaimTests {
    typealias Packets = ARPPacketTests
    static let address = Packets.address

    struct Bench {
        var claim: AddressClaim
        var random = SeededRandom(5)
        var now = Duration.seconds(100)
        /// When what went out, in words.
        var sent: [(at: Duration, what: String)] = []

        init(_ timing: AddressClaim.Timing = .prompt) {
            claim = AddressClaim(
                probing: address, for: Packets.own, timing, at: now, using: &random)
        }

        init(holding stance: AddressClaim.Stance, isAnnounced: Bool = true) {
            claim = AddressClaim(
                holding: address, for: Packets.own, stance, isAnnounced: isAnnounced, at: now)
        }

        @discardableResult
        mutating func handle(_ event: AddressClaim.Event) -> [String] {
            claim.handle(event, at: now, using: &random).map { effect in
                switch effect {
                case .send(let packet):
                    let what = packet.sender == .unspecified ? "probe" : "announce"
                    sent.append((now, what))
                    return what
                case .free: return "free"
                case .taken(let owner): return "taken by \(owner)"
                case .defended: return "defended"
                }
            }
        }

        mutating func wait() throws -> [String] {
            now = max(now, try #require(claim.deadline))
            return handle(.timeReached)
        }

        /// Everything that happens until nothing is planned.
        mutating func settle() throws -> [String] {
            var all: [String] = []
            while claim.deadline != nil { all += try wait() }
            return all
        }
    }

    static let theirs = AddressClaim.Event.heard(.announcement(of: address, by: Packets.other))
    static let answer = AddressClaim.Event.heard(
        ARPPacket(.reply, from: address, at: Packets.other, to: .unspecified, at: Packets.own))
    static let rival = AddressClaim.Event.heard(.probe(for: address, from: Packets.other))
    static let echo = AddressClaim.Event.heard(.probe(for: address, from: Packets.own))
    static let ownEcho = AddressClaim.Event.heard(.announcement(of: address, by: Packets.own))
    static let question = AddressClaim.Event.heard(
        ARPPacket(.request, from: IPv4Address(192, 0, 2, 9), at: Packets.other, to: address))

    @Test func threeQuickProbesAndThreeMoreWhileItIsUsed() throws {
        var bench = Bench()
        let start = bench.now
        let all = try bench.settle()
        #expect(all.prefix(5) == ["probe", "probe", "probe", "free", "announce"])
        #expect(all.dropFirst(5).sorted() == ["announce", "probe", "probe", "probe"])
        let announced = bench.sent.filter { $0.what == "announce" }.map(\.at)
        #expect(bench.sent.first?.at == start)
        #expect(announced[0] - start <= .milliseconds(1100), "within the promise of eight seconds")
        #expect(announced[0] - start >= .milliseconds(800))
        #expect(announced[1] - announced[0] == .seconds(2))
        let probes = [announced[0]] + bench.sent.filter { $0.what == "probe" }.map(\.at).suffix(3)
        for (one, next) in zip(probes, probes.dropFirst()) {
            #expect((.seconds(1) ... .seconds(2)).contains(next - one), "the standard's pace")
        }
    }

    @Test(arguments: 0..<20) func theStandardsTimesAreKeptWhereThereIsTime(seed: UInt64) throws {
        var bench = Bench(.standard)
        bench.random = SeededRandom(seed)
        bench.claim = AddressClaim(
            probing: Self.address, for: Packets.own, .standard, at: bench.now,
            using: &bench.random)
        let start = bench.now
        #expect(
            try bench.settle() == ["probe", "probe", "probe", "free", "announce", "announce"])
        let times = bench.sent.map(\.at)
        #expect((Duration.zero ... .seconds(1)).contains(times[0] - start))
        for (one, next) in [(0, 1), (1, 2)] {
            #expect((.seconds(1) ... .seconds(2)).contains(times[next] - times[one]))
        }
        #expect(times[3] - times[2] == .seconds(2))
    }

    @Test(arguments: [theirs, answer, rival], [0, 1, 2, 3])
    func whoeverAnswersAnyProbeHasIt(event: AddressClaim.Event, probes: Int) throws {
        var bench = Bench()
        for _ in 0..<probes { #expect(try bench.wait() == ["probe"]) }
        #expect(bench.handle(event) == ["taken by 02:00:00:00:00:09"])
        #expect(bench.claim.deadline == nil)
        #expect(bench.handle(event) == [], "it is over")
        #expect(bench.handle(.timeReached) == [])
    }

    static let otherProbe = AddressClaim.Event.heard(
        .probe(for: IPv4Address(192, 0, 2, 6), from: Packets.other))

    @Test(arguments: [echo, ownEcho, question, otherProbe])
    func whatIsNoContestIsNone(event: AddressClaim.Event) throws {
        var bench = Bench()
        _ = try bench.wait()
        #expect(bench.handle(event) == [])
        _ = try bench.settle()
        #expect(bench.handle(event) == [])
    }

    /// A claim that nobody has contested until its trial is over.
    static func tried() throws -> Bench {
        var bench = Bench(.standard)
        _ = try bench.settle()
        bench.sent = []
        return bench
    }

    @Test func oneWordIsEnoughWhileItIsOnTrial() throws {
        for event in [Self.theirs, Self.answer] {
            var bench = Bench()
            while bench.claim.isProbing { _ = try bench.wait() }
            while bench.claim.deadline != nil { _ = try bench.wait() }
            bench.now += .milliseconds(1_999)
            #expect(bench.handle(event) == ["taken by 02:00:00:00:00:09"])
            var held = Bench(holding: .yielding, isAnnounced: false)
            #expect(try held.wait() == ["probe"])
            #expect(held.handle(event) == ["taken by 02:00:00:00:00:09"])
        }
    }

    /// The probes of the standard and its wait afterwards, at their longest.
    @Test(arguments: [
        (false, 5_999, true), (false, 6_000, false), (true, 5_999, true), (true, 6_000, false),
    ])
    func theTrialEndsWhenTheLastProbeWouldHaveBeenAnswered(
        isHeld: Bool, milliseconds: Int64, isOnTrial: Bool
    ) throws {
        var bench = isHeld ? Bench(holding: .yielding, isAnnounced: false) : Bench()
        while bench.claim.isProbing { _ = try bench.wait() }
        bench.sent = []
        _ = try bench.settle()
        let first = try #require(bench.sent.first { $0.what == "probe" }).at
        bench.now = first + .milliseconds(milliseconds)
        let effects = bench.handle(Self.theirs)
        #expect(effects.first == (isOnTrial ? "taken by 02:00:00:00:00:09" : "announce"))
    }

    @Test func aHeldAddressIsDefendedAskedAboutAndThenGivenUp() throws {
        var bench = try Self.tried()
        #expect(bench.handle(Self.theirs) == ["announce", "defended"])
        let start = bench.now
        #expect(bench.claim.deadline == start, "asked about at once")
        #expect(try bench.settle() == Array(repeating: "probe", count: 6))
        #expect(bench.now - start >= .seconds(5) && bench.now - start <= .seconds(10))
        #expect(bench.handle(Self.answer) == ["taken by 02:00:00:00:00:09"])
        #expect(bench.handle(Self.theirs) == [])
    }

    @Test(arguments: [(119_999, "taken by 02:00:00:00:00:09"), (120_000, "announce")])
    func aSecondWordCountsForTwoMinutes(milliseconds: Int64, expected: String) throws {
        var bench = try Self.tried()
        #expect(bench.handle(Self.theirs) == ["announce", "defended"])
        _ = try bench.settle()
        let defended = try #require(bench.sent.first).at
        bench.now = defended + .milliseconds(milliseconds)
        #expect(bench.handle(Self.theirs).first == expected)
    }

    @Test func aProbeOfAnotherIsNoConflictForWhoHolds() throws {
        // The kernel's ARP answers it.
        var bench = Bench(holding: .yielding)
        _ = try bench.settle()
        #expect(bench.handle(Self.rival) == [])
    }

    @Test func aFirmOneIsDefendedForEverAndAtMostOnceInTenSeconds() throws {
        var bench = Bench(holding: .firm)
        _ = try bench.settle()
        let before = bench.sent.count
        for _ in 0..<1000 {
            bench.handle(Self.theirs)
            bench.now += .milliseconds(100)
        }
        #expect(bench.sent.count - before == 10)
        bench.now += .seconds(20)
        for _ in 0..<3 {
            #expect(bench.handle(Self.theirs) == ["announce", "defended"])
            bench.now += .milliseconds(9_999)
            #expect(bench.handle(Self.theirs) == [])
            bench.now += .milliseconds(1)
        }
    }

    @Test func whatIsKeptIsAskedAboutAndAnnouncedWhenAServerConfirmsIt() throws {
        var bench = Bench(holding: .yielding, isAnnounced: false)
        #expect(try bench.settle() == ["probe", "probe", "probe"])
        bench.claim.announce(at: bench.now)
        #expect(try bench.settle() == ["announce", "announce"])
        bench.claim.announce(at: bench.now)
        #expect(bench.claim.deadline == nil, "once")
        #expect(bench.handle(.timeReached) == [])
    }

    @Test func aSpuriousWakeUpDoesNothing() throws {
        var bench = Bench()
        _ = try bench.wait()
        let before = bench.claim.deadline
        #expect(bench.handle(.timeReached) == [])
        #expect(bench.claim.deadline == before)
    }
}
