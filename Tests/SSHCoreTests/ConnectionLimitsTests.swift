import Testing

@testable import SSHCore

@Suite struct ConnectionLimitsTests {
    private static func address(_ number: Int) -> IPAddress {
        // 10.x.y.z: one stranger each.
        let bytes = [10, UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
        guard let address = IPAddress(bytes: bytes) else { fatalError("four bytes are an address") }
        return address
    }

    /// Opens a connection when it is admitted, and ends the one in whose place it is.
    @discardableResult
    private func connect(
        _ limits: inout ConnectionLimits, _ id: Int32, from address: IPAddress,
        at now: Duration = .zero, roll: Int = 999
    ) -> ConnectionLimits.Decision {
        let decision = limits.decide(on: address, at: now, roll: roll)
        switch decision {
        case .admit: limits.opened(id, from: address, at: now)
        case .admitInPlaceOf(let victim):
            limits.closed(victim)
            limits.opened(id, from: address, at: now)
        case .turnAway: break
        }
        return decision
    }

    @Test func oneStrangerHoldsFewPlaces() {
        var limits = ConnectionLimits()
        for id in 0..<8 { #expect(connect(&limits, Int32(id), from: Self.address(1)) == .admit) }
        #expect(
            connect(&limits, 8, from: Self.address(1)) == .turnAway(.tooManyHalfOpenOfAddress))
        #expect(connect(&limits, 9, from: Self.address(2)) == .admit)
    }

    @Test func aWholeNetworkOfVersion6IsOneStranger() throws {
        var limits = ConnectionLimits()
        for id in 0..<8 {
            let address = try #require(IPAddress("2001:db8::\(id)"))
            #expect(connect(&limits, Int32(id), from: address) == .admit)
        }
        let next = try #require(IPAddress("2001:db8::ffff"))
        #expect(connect(&limits, 8, from: next) == .turnAway(.tooManyHalfOpenOfAddress))
    }

    @Test func loggedInConnectionsOfAnAddressAreBounded() {
        var limits = ConnectionLimits()
        for id in 0..<20 {
            #expect(connect(&limits, Int32(id), from: Self.address(1)) == .admit)
            limits.loggedIn(Int32(id), at: .zero)
        }
        #expect(connect(&limits, 20, from: Self.address(1)) == .turnAway(.tooManyOfAddress))
        limits.closed(0)
        #expect(connect(&limits, 21, from: Self.address(1)) == .admit)
    }

    @Test func allOfThemAreBounded() {
        var configuration = ConnectionLimits.Configuration()
        configuration.total = 3
        var limits = ConnectionLimits(configuration)
        for id in 0..<3 {
            connect(&limits, Int32(id), from: Self.address(id))
            limits.loggedIn(Int32(id), at: .zero)
        }
        #expect(connect(&limits, 3, from: Self.address(3)) == .turnAway(.tooManyInAll))
    }

    @Test func oneAddressOpensSoManyAtOnceAndThenSlowly() {
        var limits = ConnectionLimits()
        for id in 0..<20 {
            #expect(connect(&limits, Int32(id), from: Self.address(1)) == .admit)
            limits.closed(Int32(id))
        }
        #expect(connect(&limits, 20, from: Self.address(1)) == .turnAway(.tooFast))
        #expect(
            connect(&limits, 20, from: Self.address(1), at: .milliseconds(499))
                == .turnAway(.tooFast))
        #expect(connect(&limits, 20, from: Self.address(1), at: .milliseconds(500)) == .admit)
        #expect(
            connect(&limits, 21, from: Self.address(1), at: .milliseconds(501))
                == .turnAway(.tooFast))
    }

    @Test func loginsAreNotCountedAsTooFast() {
        var limits = ConnectionLimits()
        for id in 0..<500 {
            #expect(connect(&limits, Int32(id), from: Self.address(1)) == .admit)
            limits.loggedIn(Int32(id), at: .zero)
            limits.closed(Int32(id))
        }
    }

    @Test func guessingOverManyConnectionsIsSlow() {
        var limits = ConnectionLimits()
        for round in 0..<6 {
            connect(&limits, Int32(round), from: Self.address(1))
            for _ in 0..<10 { limits.refused(Int32(round), at: .zero) }
            limits.closed(Int32(round))
        }
        #expect(connect(&limits, 9, from: Self.address(1)) == .turnAway(.tooManyRefusals))
        #expect(connect(&limits, 9, from: Self.address(1), at: .seconds(5)) == .admit)
        #expect(connect(&limits, 10, from: Self.address(2)) == .admit)
    }

    @Test(arguments: [
        // Half-open before, roll in 0..<1000, whether one is dropped.
        (9, 0, false), (10, 299, true), (10, 300, false), (37, 649, true), (37, 650, false),
        (64, 999, true),
    ])
    func dropsEarlyWithRisingProbability(open: Int, roll: Int, drops: Bool) {
        var limits = ConnectionLimits()
        for id in 0..<open { connect(&limits, Int32(id), from: Self.address(id)) }
        let decision = limits.decide(on: Self.address(500), at: .zero, roll: roll)
        #expect((decision == .admit) == !drops)
    }

    @Test func theHeaviestAddressPays() {
        var limits = ConnectionLimits()
        connect(&limits, 100, from: Self.address(100), at: .zero)
        for id in 0..<8 {
            connect(&limits, Int32(id), from: Self.address(1), at: .milliseconds(10 + id))
        }
        connect(&limits, 101, from: Self.address(101), at: .milliseconds(20))
        // The newcomer is in, the heavy one's oldest is out, the oldest of all stays.
        #expect(
            limits.decide(on: Self.address(102), at: .seconds(1), roll: 0) == .admitInPlaceOf(0))
    }

    @Test func whoHasExchangedKeysStaysBeforeWhoIsSilent() {
        var limits = ConnectionLimits()
        for id in 0..<12 {
            connect(&limits, Int32(id), from: Self.address(id), at: .milliseconds(id))
        }
        limits.exchanged(0)
        limits.exchanged(1)
        #expect(limits.decide(on: Self.address(50), at: .seconds(1), roll: 0) == .admitInPlaceOf(2))
        for id in 2..<12 { limits.exchanged(Int32(id)) }
        #expect(limits.decide(on: Self.address(51), at: .seconds(1), roll: 0) == .admitInPlaceOf(0))
    }

    @Test func aNewcomerOfTheHeaviestAddressIsTurnedAway() {
        var limits = ConnectionLimits()
        for id in 0..<5 { connect(&limits, Int32(id), from: Self.address(1)) }
        for id in 5..<10 { connect(&limits, Int32(id), from: Self.address(id)) }
        #expect(limits.decide(on: Self.address(1), at: .zero, roll: 0) == .turnAway(.earlyDrop))
    }

    @Test func overdueConnectionsAreNamed() {
        var limits = ConnectionLimits()
        #expect(limits.deadline == nil)
        connect(&limits, 1, from: Self.address(1), at: .seconds(1))
        connect(&limits, 2, from: Self.address(2), at: .seconds(2))
        limits.loggedIn(2, at: .seconds(3))
        #expect(limits.deadline == .seconds(16))
        #expect(limits.overdue(at: .seconds(15)) == [])
        #expect(limits.overdue(at: .seconds(100)) == [1])
        limits.closed(1)
        #expect(limits.deadline == nil)
    }

    /// 10,000 hostile connections a minute, from one address or from thousands, that say nothing: an administrator who
    /// needs 300 ms to exchange keys and as long to log in, and tries again at once when dropped, is in within 2 s.
    @Test(arguments: [1, 50, 5000], [1, 2, 3] as [UInt64])
    func anAdministratorGetsIn(strangers: Int, seed: UInt64) {
        var limits = ConnectionLimits()
        var random = SeededRandom(seed: seed)
        let administrator = Self.address(1 << 20)
        var next: Int32 = 0
        var admission: (id: Int32, at: Duration)?
        var isIn: Duration?
        // The flood has lasted for 4 s when the administrator comes.
        for tick in 0..<(6 * 1000 / 6) where isIn == nil {
            let now = Duration.milliseconds(tick * 6)
            for id in limits.overdue(at: now) { limits.closed(id) }
            next += 1
            let stranger = Self.address(Int.random(in: 0..<strangers, using: &random))
            let roll = Int.random(in: 0..<1000, using: &random)
            let decision = connect(&limits, next, from: stranger, at: now, roll: roll)
            if let mine = admission, decision == .admitInPlaceOf(mine.id) { admission = nil }
            guard now >= .seconds(4) else { continue }
            if let mine = admission {
                if now - mine.at >= .milliseconds(300) { limits.exchanged(mine.id) }
                if now - mine.at >= .milliseconds(600) { isIn = now }
            } else {
                next += 1
                let roll = Int.random(in: 0..<1000, using: &random)
                switch connect(&limits, next, from: administrator, at: now, roll: roll) {
                case .admit, .admitInPlaceOf: admission = (next, now)
                case .turnAway: break
                }
            }
            #expect(limits.halfOpenCount <= 65)
        }
        #expect(isIn.map { $0 <= .seconds(6) } == true)
    }
}
