import Addresses
import NetworkCore
import Seeds
import Testing

/// How and when the DHCP machine asks.
@Suite struct DHCPQuestionTests {
    typealias Bench = DHCPMachineTests.Bench

    @Test func everyFourthQuestionAsksForABroadcast() throws {
        var bench = try Bench.at(.selecting)
        while bench.sent.count < 12 { _ = try bench.wait() }
        let asking = bench.sent.enumerated().filter(\.element.wantsBroadcast).map(\.offset)
        #expect(asking == [3, 7, 11])
    }

    @Test(arguments: 0..<30) func aRenewalIsALittleEarlyAndNeverMuch(seed: UInt64) throws {
        var bench = try Bench.at(.requesting)
        bench.random = SeededRandom(seed)
        bench.handle(try bench.answer(.ack, [51: IPv4Address(rawValue: 640).bytes]))
        bench.handle(.addressFree)
        let held = try #require(bench.machine.held)
        let renewal = try #require(held.renewAt) - held.obtainedAt
        #expect((.seconds(310) ... .seconds(320)).contains(renewal))
        #expect(renewal != .seconds(320), "not all at the same moment")
    }

    @Test func alsoALongLeaseIsRenewedHalfAMinuteEarlyAtMost() throws {
        var earliest = Duration.zero
        for seed in 0..<40 {
            var bench = try Bench.at(.requesting)
            bench.random = SeededRandom(UInt64(seed))
            bench.handle(try bench.answer(.ack, [51: IPv4Address(rawValue: 800_000).bytes]))
            bench.handle(.addressFree)
            let held = try #require(bench.machine.held)
            earliest = max(
                earliest, .seconds(400_000) - (try #require(held.renewAt) - held.obtainedAt))
        }
        #expect((.seconds(20) ... .seconds(30)).contains(earliest))
    }

    @Test func offersThatLeadNowhereDoNotMakeTheSearchDenseAgain() throws {
        var bench = try Bench.at(.selecting)
        while bench.now < .seconds(160) { _ = try bench.wait() }
        bench.handle(try bench.answer(.offer))
        while bench.machine.phase == .requesting { _ = try bench.wait() }
        let wait = try #require(bench.machine.deadline) - bench.now
        #expect(wait >= .seconds(3))
    }

    @Test func theSearchIsDenseAgainOnANewLink() throws {
        var bench = try Bench.at(.selecting)
        while bench.now < .seconds(160) { _ = try bench.wait() }
        bench.handle(.carrierDown)
        bench.handle(.carrierUp)
        let (start, sent) = (bench.now, bench.sent.count)
        while bench.now < start + .seconds(4) { _ = try bench.wait() }
        #expect(bench.sent.count - sent >= 3)
    }

    /// Source: RFC 2131, table 5.
    @Test func eachMessageSaysWhatBelongsIntoIt() throws {
        let mac = try #require(DHCPMessageTests.mac)
        var configuration = DHCPMachine.Configuration(hardwareAddress: mac)
        configuration.hostName = "box"
        configuration.clientIdentifier = [0xFF, 1, 2]
        var bench = try Bench()
        bench.machine = DHCPMachine(configuration)
        bench.handle(.carrierUp)
        bench.handle(try bench.answer(.offer))
        bench.handle(try bench.answer(.ack))
        bench.handle(.addressInUse)
        #expect(bench.sent.map(\.kind) == [.discover, .request, .decline])
        for message in bench.sent {
            let isDecline = message.kind == .decline
            #expect(message.options[12] == (isDecline ? nil : Array("box".utf8)))
            #expect((message.options[55] == nil) == isDecline)
            #expect(message.options[57] == (isDecline ? nil : [0x05, 0xC0]))
            #expect(message.options[61] == [0xFF, 1, 2])
        }
    }

    @Test func eachExchangeHasANumberOfItsOwn() throws {
        var bench = try Bench()
        for _ in 0..<8 { bench.handle(.carrierUp) }
        #expect(Set(bench.sent.map(\.transaction)).count == 8)
    }

    @Test func theSecondsCountAndStandStillAtTheLargest() throws {
        var bench = try Bench.at(.selecting)
        bench.now += .milliseconds(90_500)
        bench.handle(.timeReached)
        #expect(bench.sent.last?.seconds == 90)
        bench.now += .seconds(100_000)
        bench.handle(.timeReached)
        #expect(bench.sent.last?.seconds == .max)
    }

    @Test func whatAServerSaysOfItsRefusalIsCut() throws {
        var bench = try Bench.at(.requesting)
        let words = Array(repeating: UInt8(ascii: "x"), count: 500)
        let effects = bench.machine.handle(
            try bench.answer(.nak, [56: words]), at: bench.now, using: &bench.random)
        let note = DHCPMachine.Effect.note(
            .refused(by: IPv4Address(192, 0, 2, 1), words: String(repeating: "x", count: 120)))
        #expect(effects.contains(note))
    }
}
