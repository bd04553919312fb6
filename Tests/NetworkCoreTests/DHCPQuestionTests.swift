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
    }

    @Test func offersThatLeadNowhereDoNotMakeTheSearchDenseAgain() throws {
        var bench = try Bench.at(.selecting)
        while bench.now < .seconds(160) { _ = try bench.wait() }
        bench.handle(try bench.answer(.offer))
        while bench.machine.phase == .requesting { _ = try bench.wait() }
        let wait = try #require(bench.machine.deadline) - bench.now
        #expect(wait >= .seconds(3))
    }
}
