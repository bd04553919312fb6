import Addresses
import Testing

@testable import SSHCore
import Seeds

/// 10,000 hostile connections a minute against the limits, on a simulated machine.
@Suite struct FloodTests {
    /// How far the strangers go before they rest.
    enum Kind: CaseIterable { case silent, greeting, exchanging, anyOfThese }

    /// A machine that starts processes one after the other, and a network with a round trip.
    private struct World {
        let startUp: Duration
        let roundTrip: Duration
        /// Packets that the administrator's client answers: greeting, keys, login; the fourth ends the exchange.
        let roundTrips = 8
        var limits = ConnectionLimits()
        var starting: [(id: Int32, until: Duration)] = []
        var free = Duration.zero
        /// Strangers who have sent their whole part of the exchange blindly.
        var exchanging: Set<Int32> = []

        mutating func advance(to now: Duration, _ random: inout SeededRandom) {
            for id in limits.overdue(at: now) { limits.closed(id) }
            while let first = starting.first, first.until <= now {
                starting.removeFirst()
                limits.ready(first.id, at: first.until)
                guard exchanging.remove(first.id) != nil else { continue }
                _ = limits.reached(.exchanged, first.id, at: first.until)
            }
            while let start = limits.next(at: now, roll: .random(in: 0..<1000, using: &random)) {
                free = max(free, now) + startUp
                starting.append((start.id, free))
            }
        }
    }

    /// The administrator's one connection.
    private struct Attempt {
        let id: Int32
        var next: Duration
        var answered = 0
    }

    /// Comes in with the first try, from an address that was never seen, on a line with a round trip of 150 ms and a
    /// machine that needs 4 ms for each process.
    @Test(arguments: Kind.allCases, [1, 300, 1_000_000])
    func anAdministratorGetsIn(kind: Kind, strangers: Int) throws {
        for seed in 1...2 as ClosedRange<UInt64> {
            let took = try attempt(
                kind, strangers, seed: seed, startUp: .milliseconds(4),
                roundTrip: .milliseconds(150))
            #expect(took.map { $0 < .seconds(2) } == true, "seed \(seed): \(took as Any)")
        }
    }

    /// A machine so slow that it cannot serve everybody serves some, and so who tries again gets in.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func aSlowMachineServesSome(seed: UInt64) throws {
        let took = try attempt(
            .exchanging, 1_000_000, seed: seed, startUp: .milliseconds(15),
            roundTrip: .milliseconds(20), triesAgain: true)
        #expect(took.map { $0 < .seconds(5) } == true)
    }

    /// - Returns: how long the login took; `nil` when the connection was pushed out or did not end in 10 s.
    private func attempt(
        _ kind: Kind, _ strangers: Int, seed: UInt64, startUp: Duration, roundTrip: Duration,
        triesAgain: Bool = false
    ) throws -> Duration? {
        var world = World(startUp: startUp, roundTrip: roundTrip)
        var random = SeededRandom(seed)
        let administrator = try #require(IPAddress("198.51.100.77"))
        let begin = Duration.seconds(6)
        var mine: Attempt?
        var id: Int32 = 0
        for tick in 0..<2600 {
            let now = Duration.milliseconds(tick * 6)
            id += 1
            hostile(id, kind, strangers, at: now, &world, &random)
            world.advance(to: now, &random)
            guard now >= begin else { continue }
            if mine == nil {
                guard triesAgain || now < begin + .milliseconds(6) else { return nil }
                id += 1
                let roll = Int.random(in: 0..<1000, using: &random)
                let decision = world.limits.arrived(id, from: administrator, at: now, roll: roll)
                if case .turnAway = decision { continue }
                mine = Attempt(id: id, next: now + roundTrip)
            }
            go(&mine, at: now, &world)
            if mine?.answered == world.roundTrips { return now - begin }
        }
        return nil
    }

    /// One more step of the administrator's dialogue when its time has come.
    private func go(
        _ mine: inout Attempt?, at now: Duration, _ world: inout World
    ) {
        guard var attempt = mine, now >= attempt.next else { return }
        guard world.limits.contains(attempt.id) else {
            mine = nil
            return
        }
        if attempt.answered == 0 {
            _ = world.limits.spoke(attempt.id, at: now)
            attempt.answered = 1
        } else {
            // Its process must be there to answer.
            guard world.limits.isReady(attempt.id) else { return }
            world.limits.progressed(attempt.id, at: now)
            attempt.answered += 1
            if attempt.answered == 4 { _ = world.limits.reached(.exchanged, attempt.id, at: now) }
            attempt.next = now + world.roundTrip
        }
        mine = attempt
    }

    private func hostile(
        _ id: Int32, _ kind: Kind, _ strangers: Int, at now: Duration, _ world: inout World,
        _ random: inout SeededRandom
    ) {
        let number = Int.random(in: 0..<strangers, using: &random) &* 2_654_435_761
        let bytes = [16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } + [9]
        guard let address = IPAddress(bytes: bytes) else { return }
        let roll = Int.random(in: 0..<1000, using: &random)
        let kinds: [Kind] = [.silent, .greeting, .exchanging]
        let kind = kind == .anyOfThese ? kinds[Int(id) % 3] : kind
        if case .turnAway = world.limits.arrived(id, from: address, at: now, roll: roll) { return }
        guard kind != .silent else { return }
        _ = world.limits.spoke(id, at: now)
        if kind == .exchanging { world.exchanging.insert(id) }
    }
}
