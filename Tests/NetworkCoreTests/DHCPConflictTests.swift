import Addresses
import NetworkCore
import Testing

/// What the DHCP machine does when the addresses that it is given are other machines'.
@Suite struct DHCPConflictTests {
    typealias Bench = DHCPMachineTests.Bench

    /// Waits until a DISCOVER is out, which the packet budget may put off, and gives the longest wait.
    @discardableResult
    private func untilItAsks(_ bench: inout Bench) throws -> Duration {
        var longest = Duration.zero
        while bench.machine.phase != .selecting || bench.sent.last?.kind != .discover {
            let before = bench.now
            _ = try bench.wait()
            longest = max(longest, bench.now - before)
        }
        return longest
    }

    /// Declines `count` addresses, each another, and gives the longest wait until the next DISCOVER.
    private func conflicts(_ count: Int, _ bench: inout Bench) throws -> Duration {
        var longest = Duration.zero
        for round in 0..<count {
            let address = IPv4Address(192, 0, 2, UInt8(20 + round))
            longest = max(longest, try untilItAsks(&bench))
            let offered = bench.handle(try bench.answer(.offer, address: address))
            guard offered != ["postponed \(address)"] else {
                _ = try bench.wait()
                continue
            }
            while bench.machine.phase == .selecting || bench.sent.last?.kind != .request {
                _ = try bench.wait()
            }
            bench.handle(try bench.answer(.ack, address: address))
            #expect(bench.handle(.addressInUse) == ["DECLINE", "declined"])
        }
        return longest
    }

    @Test func afterAConflictItAsksOnAndTakesAnotherAddressAtOnce() throws {
        var bench = try Bench.at(.declined)
        let decline = try #require(bench.sent.last)
        #expect(decline.options.address(50) == IPv4Address(192, 0, 2, 5))
        #expect(decline.options.address(54) == IPv4Address(192, 0, 2, 1))
        #expect(decline.clientAddress == .unspecified, "RFC 2131 table 5")
        let declinedAt = bench.now
        _ = try bench.wait()
        #expect(bench.now - declinedAt < .seconds(4))
        #expect(bench.sent.last?.kind == .discover)
        #expect(bench.sent.last?.options[80] == nil, "a server may not commit itself at once")
        #expect(bench.handle(try bench.answer(.offer)) == ["postponed 192.0.2.5"])
        #expect(bench.handle(try bench.answer(.ack, [80: []])) == ["postponed 192.0.2.5"])
        #expect(bench.machine.phase == .selecting)
        let other = IPv4Address(192, 0, 2, 6)
        #expect(bench.handle(try bench.answer(.offer, address: other)) == ["offered", "REQUEST"])
    }

    @Test func aRenewalEndsTheCountOfConflicts() throws {
        for isRenewed in [false, true] {
            var bench = try Bench.at(.declined)
            _ = try conflicts(8, &bench)
            try untilItAsks(&bench)
            let good = IPv4Address(192, 0, 2, 99)
            bench.handle(try bench.answer(.offer, address: good))
            while bench.sent.last?.kind != .request { _ = try bench.wait() }
            bench.handle(try bench.answer(.ack, address: good))
            bench.handle(.addressFree)
            if isRenewed {
                while bench.machine.phase != .renewing { _ = try bench.wait() }
                bench.handle(try bench.answer(.ack, address: good))
            }
            bench.handle(.addressInUse)
            try untilItAsks(&bench)
            let next = bench.handle(
                try bench.answer(.offer, address: IPv4Address(192, 0, 2, 77)))
            #expect(next.first == (isRenewed ? "offered" : "postponed 192.0.2.77"))
        }
    }

    @Test func theAddressThatWasDeclinedIsTriedAgainAfterTenSeconds() throws {
        var bench = try Bench.at(.declined)
        let declinedAt = bench.now
        while bench.now < declinedAt + .seconds(10) {
            if bench.machine.phase == .selecting {
                #expect(bench.handle(try bench.answer(.offer)) == ["postponed 192.0.2.5"])
            }
            _ = try bench.wait()
        }
        #expect(bench.handle(try bench.answer(.offer)).first == "offered")
        bench = try Bench.at(.declined)
        try untilItAsks(&bench)
        bench.now = declinedAt + .milliseconds(9_999)
        #expect(bench.handle(try bench.answer(.offer)) == ["postponed 192.0.2.5"])
        bench.now = declinedAt + .seconds(10)
        #expect(bench.handle(.signOfLife) == ["DISCOVER"])
        #expect(bench.sent.last?.options[80] == [], "a server may commit itself at once again")
        #expect(bench.handle(try bench.answer(.offer)).first == "offered")
    }

    @Test func afterTenConflictsOneAddressAMinuteIsTriedAndTheQuestionsGoOn() throws {
        var bench = try Bench.at(.declined)
        #expect(try conflicts(9, &bench) <= .seconds(8))
        let tenthAt = bench.now
        let sent = bench.sent.count
        var tried: [Duration] = []
        while bench.now < tenthAt + .seconds(300) {
            let before = bench.now
            _ = try bench.wait()
            #expect(bench.now - before <= .seconds(8), "the gap never above the cap")
            guard bench.machine.phase == .selecting, bench.sent.last?.kind == .discover else {
                continue
            }
            let other = IPv4Address(198, 51, 100, UInt8(tried.count + 1))
            if bench.handle(try bench.answer(.offer, address: other)).first == "offered" {
                tried.append(bench.now)
                while bench.sent.last?.kind != .request { _ = try bench.wait() }
                bench.handle(try bench.answer(.ack, address: other))
                bench.handle(.addressInUse)
            }
        }
        #expect(tried.count == 4)
        for (one, next) in zip([tenthAt] + tried, tried) {
            #expect((.seconds(60) ... .seconds(66)).contains(next - one))
        }
        #expect(bench.sent.count - sent <= 5 * 20 + 8)
        // A new link is a new beginning.
        bench.handle(.carrierUp)
        #expect(bench.handle(try bench.answer(.offer)).first == "offered")
    }
}
