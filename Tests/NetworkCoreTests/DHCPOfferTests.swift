import Addresses
import NetworkCore
import Testing

/// Which offer is taken, and how it is asked for.
@Suite struct DHCPOfferTests {
    @Test func theRequestRepeatsTheFlagAndTheSecondsOfItsDiscover() throws {
        var bench = try DHCPMachineTests.Bench.at(.selecting)
        while bench.sent.last?.wantsBroadcast != true { _ = try bench.wait() }
        #expect(bench.sent.count == 4)
        let seconds = try #require(bench.sent.last?.seconds)
        #expect(seconds > 0)
        bench.now += .seconds(2)
        #expect(bench.handle(try bench.answer(.offer)) == ["offered", "REQUEST"])
        #expect(bench.sent.last?.wantsBroadcast == true)
        #expect(bench.sent.last?.seconds == seconds)
        var ordinary = try DHCPMachineTests.Bench.at(.requesting)
        #expect(ordinary.sent.map(\.wantsBroadcast) == [false, false])
        ordinary.now += .seconds(2)
        _ = try ordinary.wait()
        #expect(ordinary.sent.last?.seconds == 0)
    }

    @Test func everySecondRequestForAHeldAddressAsksForABroadcast() throws {
        var bench = try DHCPMachineTests.Bench.at(.rebooting)
        let begun = bench.sent.count - 1
        while bench.machine.phase == .rebooting { _ = try bench.wait() }
        let asked = bench.sent.dropFirst(begun).prefix(3)
        #expect(asked.map(\.wantsBroadcast) == [false, true, false])
    }

    static let other: [UInt8: [UInt8]?] = [54: [192, 0, 2, 99]]
    static let ignored = ["ignored: an offer of a server that did not keep its last one"]

    @Test func aServerThatRefusesItsOwnOfferLeavesAnotherTheTurn() throws {
        var bench = try DHCPMachineTests.Bench.at(.requesting)
        #expect(bench.handle(try bench.answer(.nak)) == ["refused", "DISCOVER"])
        #expect(bench.handle(try bench.answer(.offer)) == Self.ignored)
        #expect(bench.handle(try bench.answer(.offer, Self.other)) == ["offered", "REQUEST"])
        #expect(bench.sent.last?.options.address(54) == IPv4Address(192, 0, 2, 99))
        bench.handle(try bench.answer(.ack, Self.other))
        bench.handle(.addressFree)
        #expect(bench.machine.phase == .bound)
    }

    @Test func aServerThatOffersAndFallsSilentLeavesAnotherTheTurn() throws {
        var bench = try DHCPMachineTests.Bench.at(.requesting)
        while bench.machine.phase == .requesting { _ = try bench.wait() }
        #expect(bench.handle(try bench.answer(.offer)) == Self.ignored)
        #expect(bench.handle(try bench.answer(.offer, Self.other)) == ["offered", "REQUEST"])
    }

    @Test func whoDisappointedAndIsAloneIsTakenAtTheNextTry() throws {
        var bench = try DHCPMachineTests.Bench.at(.requesting)
        bench.handle(try bench.answer(.nak))
        let refusedAt = bench.now
        #expect(try bench.wait() == ["DISCOVER"])
        #expect(bench.now - refusedAt <= .seconds(4))
        #expect(bench.handle(try bench.answer(.offer)) == ["offered", "REQUEST"])
        bench.handle(try bench.answer(.ack))
        bench.handle(.addressFree)
        #expect(bench.machine.phase == .bound)
        // Nor is it held against a server that has given something since.
        while bench.machine.phase != .selecting { _ = try bench.wait() }
        #expect(bench.handle(try bench.answer(.offer)) == ["offered", "REQUEST"])
        // On another link nobody is known.
        bench = try DHCPMachineTests.Bench.at(.requesting)
        bench.handle(try bench.answer(.nak))
        bench.handle(.carrierDown)
        bench.handle(.carrierUp)
        #expect(bench.handle(try bench.answer(.offer)) == ["offered", "REQUEST"])
    }
}
