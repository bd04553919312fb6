import Addresses
import Testing

@testable import SSHCore

@Suite struct ConnectionLimitsTests {
    private static func address(_ number: Int) -> IPAddress {
        // One stranger each, none in the vicinity of another.
        let bytes = [UInt8(number >> 8 & 255), UInt8(number & 255), UInt8(number >> 16 & 255), 1]
        guard let address = IPAddress(bytes: bytes) else { fatalError("four bytes are an address") }
        return address
    }

    private typealias Stage = ConnectionLimits.Stage

    /// Opens a connection, and takes it as far as `stage` when it is let in.
    @discardableResult
    private func connect(
        _ limits: inout ConnectionLimits, _ id: Int32, from address: IPAddress,
        to stage: Stage = .silent, at now: Duration = .zero, roll: Int = 999
    ) -> ConnectionLimits.Decision {
        let decision = limits.arrived(id, from: address, at: now, roll: roll)
        if case .turnAway = decision { return decision }
        if stage.rawValue >= Stage.spoken.rawValue {
            _ = limits.spoke(id, at: now)
        }
        if stage.rawValue >= Stage.started.rawValue {
            while let start = limits.next(at: now, roll: 0), start.id != id {}
            limits.ready(id, at: now)
        }
        for reached in [Stage.exchanged, .offered] where stage.rawValue >= reached.rawValue {
            _ = limits.reached(reached, id, at: now)
        }
        if stage == .loggedIn { limits.loggedIn(id, at: now) }
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
            #expect(
                connect(&limits, Int32(id), from: Self.address(1), to: .loggedIn) == .admit)
        }
        #expect(connect(&limits, 20, from: Self.address(1)) == .turnAway(.tooManyOfAddress))
        limits.closed(0)
        #expect(connect(&limits, 21, from: Self.address(1)) == .admit)
    }

    @Test func allOfThemAreBounded() {
        var configuration = ConnectionLimits.Configuration()
        configuration.total = 3
        var limits = ConnectionLimits(configuration)
        for id in 0..<3 { connect(&limits, Int32(id), from: Self.address(id), to: .loggedIn) }
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
            #expect(
                connect(&limits, Int32(id), from: Self.address(1), to: .loggedIn) == .admit)
            limits.closed(Int32(id))
        }
    }

    @Test func guessingOverManyConnectionsIsSlow() {
        var limits = ConnectionLimits()
        for round in 0..<6 {
            connect(&limits, Int32(round), from: Self.address(1), to: .exchanged)
            for _ in 0..<10 { limits.refused(Int32(round), at: .zero) }
            limits.closed(Int32(round))
        }
        #expect(connect(&limits, 9, from: Self.address(1)) == .turnAway(.tooManyRefusals))
        #expect(connect(&limits, 9, from: Self.address(1), at: .seconds(5)) == .admit)
        #expect(connect(&limits, 10, from: Self.address(2)) == .admit)
    }

    @Test(arguments: [
        // Silent before, roll in 0..<1000, whether one is dropped: 64 is a third of 192, 128 is half way from there.
        (63, 0, false), (64, 299, true), (64, 300, false), (128, 649, true), (128, 650, false),
        (192, 999, true),
    ])
    func dropsEarlyWithRisingProbability(open: Int, roll: Int, drops: Bool) {
        var limits = ConnectionLimits()
        for id in 0..<open {
            connect(&limits, Int32(id), from: Self.address(id), at: .milliseconds(id))
        }
        let decision = connect(
            &limits, 500, from: Self.address(500), at: .seconds(1), roll: roll)
        // Strangers with one connection each: the oldest goes.
        #expect(decision == (drops ? .admitInPlaceOf(0) : .admit))
    }

    @Test func theHeaviestAddressPays() {
        var limits = ConnectionLimits()
        for id in 0..<59 { connect(&limits, Int32(id), from: Self.address(id)) }
        for id in 100..<105 {
            connect(&limits, Int32(id), from: Self.address(1000), at: .milliseconds(id))
        }
        // The newcomer is in, the heavy one's oldest is out, the oldest of all stays.
        #expect(
            connect(&limits, 200, from: Self.address(200), at: .seconds(1), roll: 0)
                == .admitInPlaceOf(100))
        // And the heavy one's own newcomer is turned away once somebody must go.
        for id in 300..<306 {
            connect(&limits, Int32(id), from: Self.address(2000), at: .milliseconds(id))
        }
        #expect(
            connect(&limits, 400, from: Self.address(2000), at: .seconds(1), roll: 0)
                == .turnAway(.earlyDrop))
    }

    /// Hundreds of addresses of one network count as what they are.
    @Test func aHeavyVicinityPays() throws {
        var limits = ConnectionLimits()
        for id in 0..<40 { connect(&limits, Int32(id), from: Self.address(id)) }
        for id in 100..<124 {
            let address = try #require(IPAddress(bytes: [203, 0, 113, UInt8(id)]))
            connect(&limits, Int32(id), from: address, at: .seconds(1))
        }
        #expect(
            connect(&limits, 500, from: Self.address(500), at: .seconds(2), roll: 0)
                == .admitInPlaceOf(100))
    }

    @Test func aPersonWithThreeConnectionsIsNotHeavy() {
        var limits = ConnectionLimits()
        for id in 0..<61 { connect(&limits, Int32(id), from: Self.address(id)) }
        for id in 100..<103 {
            connect(&limits, Int32(id), from: Self.address(1000), at: .seconds(1))
        }
        #expect(
            connect(&limits, 500, from: Self.address(500), at: .seconds(2), roll: 0)
                == .admitInPlaceOf(0))
    }

    @Test func whoCrowdsAStagePushesOutNobodyWhoIsFurther() {
        var limits = ConnectionLimits()
        connect(&limits, 1, from: Self.address(1), to: .offered)
        connect(&limits, 2, from: Self.address(2), to: .exchanged)
        connect(&limits, 3, from: Self.address(3), to: .started)
        for id in 10..<1000 {
            let now = Duration.milliseconds(id)
            connect(&limits, Int32(id), from: Self.address(id), at: now)
        }
        #expect(limits.count(.silent) == 192)
        for stage in [Stage.started, .exchanged, .offered] { #expect(limits.count(stage) == 1) }
    }

    /// A stage that is reached without a free place is reached in somebody else's, who rests longest.
    @Test func whoRestsLongestIsPushedOut() {
        var limits = ConnectionLimits()
        for id in 0..<96 {
            connect(
                &limits, Int32(id), from: Self.address(id), to: .exchanged, at: .milliseconds(id))
        }
        limits.progressed(0, at: .seconds(1))
        connect(&limits, 100, from: Self.address(100), to: .started, at: .seconds(1))
        #expect(limits.reached(.exchanged, 100, at: .seconds(1)) == 1)
        #expect(limits.reached(.exchanged, 100, at: .seconds(1)) == nil)
        #expect(limits.count(.exchanged) == 96)
    }

    @Test func whoJustGotOnIsNotPushedOutSoThatSomebodyFinishes() {
        var limits = ConnectionLimits()
        for id in 0..<96 { connect(&limits, Int32(id), from: Self.address(id), to: .started) }
        connect(&limits, 100, from: Self.address(100), to: .spoken)
        #expect(limits.next(at: .milliseconds(249), roll: 0) == nil)
        #expect(limits.deadline(after: .milliseconds(249)) == .milliseconds(250))
        limits.progressed(0, at: .milliseconds(100))
        #expect(limits.next(at: .milliseconds(250), roll: 0) == .init(id: 100, inPlaceOf: 1))
        #expect(limits.next(at: .milliseconds(250), roll: 0) == nil)
    }

    @Test func fewStartUpAtATimeAndChanceSaysWho() {
        var limits = ConnectionLimits()
        for id in 0..<20 {
            connect(
                &limits, Int32(id), from: Self.address(id), to: .spoken, at: .milliseconds(id))
        }
        #expect(limits.next(at: .seconds(1), roll: 45) == .init(id: 5, inPlaceOf: nil))
        #expect(limits.next(at: .seconds(1), roll: 18) == .init(id: 19, inPlaceOf: nil))
        for id in 0..<5 + 1 where id != 5 {
            #expect(limits.next(at: .seconds(1), roll: 0) == .init(id: Int32(id), inPlaceOf: nil))
        }
        #expect(limits.next(at: .seconds(1), roll: 0) == .init(id: 6, inPlaceOf: nil))
        #expect(limits.next(at: .seconds(1), roll: 0) == nil)
        limits.ready(5, at: .seconds(1))
        #expect(limits.next(at: .seconds(1), roll: 0) == .init(id: 7, inPlaceOf: nil))
        limits.closed(19)
        #expect(limits.next(at: .seconds(1), roll: 0) == .init(id: 8, inPlaceOf: nil))
    }

    @Test func whoHasWaitedLongestForAProcessIsPushedOut() {
        var limits = ConnectionLimits()
        for id in 0..<48 {
            connect(
                &limits, Int32(id), from: Self.address(id), to: .spoken, at: .milliseconds(id))
        }
        connect(&limits, 100, from: Self.address(100), at: .seconds(1))
        #expect(limits.spoke(100, at: .seconds(1)) == 0)
        #expect(limits.spoke(100, at: .seconds(1)) == nil)
        #expect(limits.count(.spoken) == 48)
    }

    @Test func aSmallMachineGivesStrangersLess() {
        #expect(ConnectionLimits.Configuration(memory: 512 << 20).started == 32)
        #expect(ConnectionLimits.Configuration(memory: 64 << 20).exchanged == 16)
        #expect(ConnectionLimits.Configuration(memory: 64 << 30).exchanged == 96)
    }

    @Test func whoSaysNothingGetsAProcessInQuietTimesOnly() {
        var limits = ConnectionLimits()
        connect(&limits, 1, from: Self.address(1))
        #expect(limits.next(at: .milliseconds(399), roll: 0) == nil)
        #expect(limits.deadline(after: .milliseconds(399)) == .milliseconds(400))
        #expect(limits.next(at: .milliseconds(400), roll: 0) == .init(id: 1, inPlaceOf: nil))
        for id in 2..<11 { connect(&limits, Int32(id), from: Self.address(id), to: .started) }
        connect(&limits, 20, from: Self.address(20))
        #expect(limits.next(at: .seconds(1), roll: 0) == nil)
        #expect(limits.deadline(after: .seconds(1)) == .seconds(15))
    }

    @Test func whoLoggedInFromThereBeforeComesFirst() {
        var limits = ConnectionLimits()
        connect(&limits, 1, from: Self.address(1), to: .loggedIn)
        #expect(limits.isKnown(Self.address(1)))
        limits.closed(1)
        for id in 10..<58 {
            connect(
                &limits, Int32(id), from: Self.address(id), to: .spoken, at: .seconds(1), roll: 999)
        }
        // No early drop for it, although those who wait are many, and it need not wait for them.
        #expect(
            connect(
                &limits, 100, from: Self.address(1), to: .spoken, at: .seconds(2), roll: 0)
                == .admit)
        #expect(limits.next(at: .seconds(2), roll: 0) == .init(id: 100, inPlaceOf: nil))
    }

    @Test func knownAddressesAreFew() {
        var limits = ConnectionLimits()
        for id in 0..<65 {
            connect(
                &limits, Int32(id), from: Self.address(id), to: .loggedIn, at: .seconds(id))
        }
        #expect(!limits.isKnown(Self.address(0)))
        #expect(limits.isKnown(Self.address(1)) && limits.isKnown(Self.address(64)))
    }

    @Test func overdueConnectionsAreNamed() {
        var limits = ConnectionLimits()
        #expect(limits.deadline(after: .zero) == nil)
        connect(&limits, 1, from: Self.address(1), at: .seconds(2))
        connect(&limits, 2, from: Self.address(2), to: .loggedIn, at: .seconds(2))
        connect(&limits, 3, from: Self.address(3), to: .started, at: .seconds(2))
        connect(&limits, 4, from: Self.address(4), to: .exchanged, at: .seconds(2))
        #expect(limits.overdue(at: .milliseconds(16_999)) == [])
        #expect(limits.overdue(at: .seconds(17)) == [1])
        limits.closed(1)
        // A process ends by itself, so it is given a little more.
        #expect(limits.deadline(after: .seconds(17)) == .seconds(19))
        #expect(limits.overdue(at: .seconds(19)) == [3])
        limits.closed(3)
        #expect(limits.deadline(after: .seconds(19)) == .seconds(124))
        #expect(limits.overdue(at: .seconds(124)) == [4])
        limits.closed(4)
        #expect(limits.deadline(after: .seconds(200)) == nil)
    }
}
