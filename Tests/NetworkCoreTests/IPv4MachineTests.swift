import Addresses
import NetworkCore
import Seeds
import Testing

/// Where an address comes from, and what the three machines make of it together.
@Suite struct IPv4MachineTests {
    typealias Packets = ARPPacketTests

    struct Bench {
        var machine: IPv4Machine
        var random = SeededRandom(9)
        var now = Duration.seconds(100)

        init(_ source: IPv4Machine.Source) { machine = IPv4Machine(source, for: Packets.own) }

        @discardableResult
        mutating func handle(_ event: IPv4Machine.Event) -> [IPv4Machine.Effect] {
            machine.handle(event, at: now, using: &random)
        }

        mutating func wait() throws -> [IPv4Machine.Effect] {
            now = max(now, try #require(machine.deadline))
            return handle(.timeReached)
        }

        mutating func settle() throws {
            while machine.deadline != nil { _ = try wait() }
        }
    }

    static func searching() -> Bench {
        var bench = Bench(.dhcp(DHCPMachine(.init(hardwareAddress: Packets.own))))
        bench.handle(.carrierUp)
        return bench
    }

    static let fixed = Lease(
        fixed: IPv4Prefix(Packets.address, length: 24), gateway: nil, nameServers: [],
        hostName: nil, mtu: nil)
    static let theirs = IPv4Machine.Event.heard(
        .announcement(of: Packets.address, by: Packets.other))

    @Test func whatAPersonHasSaidIsDefendedForEver() throws {
        var bench = Bench(.fixed(Self.fixed))
        bench.handle(.carrierUp)
        try bench.settle()
        for _ in 0..<20 {
            #expect(
                bench.handle(Self.theirs).contains(
                    .claim(.defended(Packets.address, against: Packets.other))))
            bench.now += .seconds(10)
        }
        #expect(bench.machine.held?.lease == Self.fixed)
        #expect(bench.machine.linkLocal == nil)
    }

    @Test func withoutACarrierNobodyIsHeard() throws {
        for source in [IPv4Machine.Source.fixed(Self.fixed), .linkLocal] {
            var bench = Bench(source)
            bench.handle(.carrierUp)
            try bench.settle()
            bench.handle(.carrierDown)
            let address = bench.machine.held?.lease.address ?? bench.machine.linkLocal
            let word = ARPPacket.announcement(of: try #require(address), by: Packets.other)
            #expect(bench.handle(.heard(word)) == [])
            #expect(bench.machine.deadline == nil)
        }
    }

    @Test func whereThereIsToBeNoneNothingHappens() {
        var bench = Bench(.none)
        #expect(bench.handle(.carrierUp) == [])
        #expect(bench.handle(Self.theirs) == [])
        #expect(bench.machine.deadline == nil)
        #expect(bench.machine.held == nil && bench.machine.linkLocal == nil)
    }

    @Test func onlyASearchIsHurriedAndAtMostOnceAMinute() throws {
        var bench = Self.searching()
        func hurries(_ effects: [IPv4Machine.Effect]) -> Bool {
            effects.contains(.claim(.hurried))
        }
        bench.now += .milliseconds(9_999)
        #expect(!hurries(bench.handle(.signOfLife)), "no silence")
        bench.now += .seconds(10)
        #expect(hurries(bench.handle(.signOfLife)))
        bench.now += .milliseconds(59_999)
        #expect(!hurries(bench.handle(.signOfLife)), "within the minute")
        bench.now += .seconds(10)
        #expect(hurries(bench.handle(.signOfLife)))
        var other = Bench(.linkLocal)
        other.handle(.carrierUp)
        other.now += .seconds(20)
        #expect(!hurries(other.handle(.signOfLife)))
    }

    /// The answer of a server that has 192.0.2.5 for an hour to the last message in `effects`.
    static func answer(
        _ kind: DHCPMessage.Kind, to effects: [IPv4Machine.Effect],
        address: IPv4Address = Packets.address, seconds: UInt32 = 3600
    ) throws -> IPv4Machine.Event {
        let sent = effects.compactMap { effect -> DHCPMessage? in
            if case .send(let message, _) = effect { message } else { nil }
        }
        var answer = try LeaseTests.offer(
            [51: IPv4Address(rawValue: seconds).bytes], address: address)
        answer.kind = kind
        answer.transaction = try #require(sent.last).transaction
        answer.hardwareAddress = Packets.own
        return .received(answer)
    }

    /// A machine that has just got the ACK for 192.0.2.5.
    static func probing(seconds: UInt32 = 3600) throws -> (Bench, [IPv4Machine.Effect]) {
        var bench = Bench(.dhcp(DHCPMachine(.init(hardwareAddress: Packets.own))))
        var effects = bench.handle(.carrierUp)
        effects = bench.handle(try answer(.offer, to: effects))
        effects = bench.handle(try answer(.ack, to: effects, seconds: seconds))
        return (bench, effects)
    }

    static func bound() throws -> Bench {
        var (bench, _) = try probing()
        while bench.machine.phase != .bound { _ = try bench.wait() }
        bench.now += .seconds(60)
        while bench.machine.deadline.map({ $0 <= bench.now }) == true { _ = try bench.wait() }
        return bench
    }

    static func words(_ effects: [IPv4Machine.Effect]) -> [String] {
        effects.compactMap { effect in
            guard case .sendARP(let packet) = effect else { return nil }
            return packet.sender == .unspecified ? "probe" : "announce"
        }
    }

    @Test func theFirstProbeGoesOutWithTheAcknowledgement() throws {
        let (_, effects) = try Self.probing()
        #expect(Self.words(effects) == ["probe"])
    }

    /// It may be another network's, where the address is somebody else's: first the server has to confirm it.
    @Test func onANewLinkItIsAskedAboutAndAnnouncedOnlyOnceItIsConfirmed() throws {
        var bench = try Self.bound()
        bench.handle(.carrierDown)
        #expect(bench.machine.deadline.map { $0 > bench.now + .seconds(1000) } == true)
        let asked = bench.handle(.carrierUp)
        var effects = asked
        for _ in 0..<2 { effects += try bench.wait() }
        #expect(Self.words(effects).contains("probe"))
        #expect(!Self.words(effects).contains("announce"))
        effects = bench.handle(try Self.answer(.ack, to: effects))
        #expect(bench.machine.phase == .bound)
        let end = bench.now + .seconds(10)
        while let next = bench.machine.deadline, next < end { effects += try bench.wait() }
        #expect(Self.words(effects).count { $0 == "announce" } == 2)
    }

    @Test func whatAPersonHasSaidIsAnnouncedAtOnce() throws {
        var bench = Bench(.fixed(Self.fixed))
        bench.handle(.carrierUp)
        var effects: [IPv4Machine.Effect] = []
        while bench.machine.deadline != nil { effects += try bench.wait() }
        #expect(
            Self.words(effects).sorted() == ["announce", "announce", "probe", "probe", "probe"])
    }

    @Test func aProbeEndsWithTheCableAndWithItsLease() throws {
        var (bench, _) = try Self.probing()
        bench.handle(.carrierDown)
        #expect(bench.machine.deadline == nil)
        // A lease of a second ends before its probes do: nobody is asked about the address any more.
        (bench, _) = try Self.probing(seconds: 1)
        bench.now += .seconds(1)
        bench.handle(.timeReached)
        #expect(bench.machine.phase == .selecting)
        let end = bench.now + .seconds(10)
        var effects: [IPv4Machine.Effect] = []
        while let next = bench.machine.deadline, next < end { effects += try bench.wait() }
        #expect(Self.words(effects) == [])
        #expect(bench.machine.held == nil)
    }

    /// Held is 192.0.2.5, whose lease ends while the link is asked about 192.0.2.6.
    @Test func theEndOfAnOldLeaseEndsNoProbesForANewOne() throws {
        var bench = try Self.bound()
        let end = try #require(bench.machine.held?.endsAt)
        bench.handle(.carrierDown)
        bench.now = end - .seconds(20)
        var effects = bench.handle(.carrierUp)
        while bench.machine.phase != .selecting { effects = try bench.wait() }
        let other = IPv4Address(192, 0, 2, 6)
        effects = bench.handle(try Self.answer(.offer, to: effects, address: other))
        effects = bench.handle(try Self.answer(.ack, to: effects, address: other))
        #expect(bench.machine.phase == .probing && bench.now < end)
        bench.now = end
        #expect(bench.handle(.timeReached).contains(.dropAddress))
        while bench.machine.phase == .probing, bench.now < end + .seconds(10) {
            _ = try bench.wait()
        }
        #expect(bench.machine.phase == .bound && bench.now < end + .seconds(3))
        #expect(bench.machine.held?.lease.address == other)
        #expect(bench.machine.watched == other)
    }

    /// Held is 192.0.2.5, which no server confirms any more; 192.0.2.6 was offered, and turns out to be somebody else's.
    @Test func whatWasHeldBesideAProbeIsWatchedAgain() throws {
        var bench = try Self.bound()
        bench.handle(.carrierDown)
        var effects = bench.handle(.carrierUp)
        while bench.machine.phase != .selecting { effects = try bench.wait() }
        let other = IPv4Address(192, 0, 2, 6)
        effects = bench.handle(try Self.answer(.offer, to: effects, address: other))
        effects = bench.handle(try Self.answer(.ack, to: effects, address: other))
        #expect(bench.machine.phase == .probing)
        bench.handle(.heard(.announcement(of: other, by: Packets.other)))
        #expect(bench.machine.phase == .declined)
        #expect(bench.machine.held?.lease.address == Packets.address)
        let word = bench.handle(Self.theirs)
        #expect(word.contains(.dropAddress), "on the new link one word is enough")
    }

    @Test func whoHasTheAddressThatItChoseIsGivenWay() throws {
        var bench = Bench(.linkLocal)
        bench.handle(.carrierUp)
        while bench.machine.linkLocal == nil { _ = try bench.wait() }
        let address = try #require(bench.machine.linkLocal)
        let word = IPv4Machine.Event.heard(.announcement(of: address, by: Packets.other))
        #expect(bench.handle(word).contains { if case .sendARP = $0 { true } else { false } })
        let effects = bench.handle(word)
        #expect(effects.contains(.changeLinkLocal))
        #expect(effects.contains(.claim(.droppedLinkLocal(address))))
        #expect(bench.machine.linkLocal == nil)
    }

    @Test func itsOwnPacketsAreNoSignOfLife() {
        var bench = Self.searching()
        bench.now += .seconds(11)
        let own = ARPPacket.announcement(of: IPv4Address(192, 0, 2, 9), by: Packets.own)
        #expect(bench.handle(.heard(own)) == [])
        let other = ARPPacket.announcement(of: IPv4Address(192, 0, 2, 9), by: Packets.other)
        #expect(bench.handle(.heard(other)).contains(.claim(.hurried)))
        #expect(!bench.handle(.signOfLife).contains(.claim(.hurried)))
    }

    @Test func whoIsBoundIsNotHurried() throws {
        var bench = try Self.bound()
        bench.now += .seconds(100)
        #expect(bench.handle(.signOfLife) == [])
    }

    @Test func onlyTheAddressThatIsHeldIsOfInterest() throws {
        #expect(Self.searching().machine.watched == nil)
        #expect(try Self.probing().0.machine.watched == nil)
        var bench = try Self.bound()
        #expect(bench.machine.watched == Packets.address)
        bench.handle(.carrierDown)
        #expect(bench.machine.watched == nil)
        bench.handle(.carrierUp)
        #expect(bench.machine.phase == .rebooting && bench.machine.watched == nil)
        bench = Bench(.fixed(Self.fixed))
        bench.handle(.carrierUp)
        #expect(bench.machine.watched == Packets.address)
        bench = Bench(.linkLocal)
        bench.handle(.carrierUp)
        #expect(bench.machine.watched == nil)
    }

    @Test func whatItSaysOfItsTriesIsSo() throws {
        var bench = Self.searching()
        #expect(bench.machine.isSearching)
        #expect(bench.machine.tries == 1 && bench.machine.lastTryAt == bench.now)
        while bench.machine.tries < 3 { _ = try bench.wait() }
        #expect(bench.machine.lastTryAt == bench.now)
        #expect(try #require(bench.machine.nextTryAt) > bench.now)
        let bound = try Self.bound()
        #expect(!bound.machine.isSearching && bound.machine.tries == 0)
        #expect(!Bench(.linkLocal).machine.isSearching)
    }

    @Test func theGapsGrowWhereDHCPv6IsUnansweredToo() throws {
        var bench = Self.searching()
        bench.machine.share(true)
        while bench.machine.tries < 9 { _ = try bench.wait() }
        let gap = try #require(bench.machine.nextTryAt) - bench.now
        #expect((.milliseconds(4600) ... .milliseconds(5400)).contains(gap))
        bench.machine.share(false)
        while bench.machine.tries < 10 { _ = try bench.wait() }
        #expect(try #require(bench.machine.nextTryAt) - bench.now <= .milliseconds(3900))
    }

    @Test func chosenAddressesAreWithinTheirRange() throws {
        for last in 0...255 as ClosedRange<UInt8> {
            for middle in [0, 85, 170, 255] as [UInt8] {
                let mac = try #require(HardwareAddress(bytes: [2, middle, 0, 1, middle, last]))
                var machine = LinkLocalMachine(for: mac)
                var random = SeededRandom(1)
                _ = machine.handle(.needed, at: .zero, using: &random)
                var now = Duration.zero
                while machine.address == nil, let next = machine.deadline {
                    now = next
                    _ = machine.handle(.timeReached, at: now, using: &random)
                }
                let address = try #require(machine.address)
                // The first and the last 256 are reserved. Source: RFC 3927 §2.1.
                #expect((0xA9FE_0100...0xA9FE_FEFF).contains(address.rawValue))
            }
        }
    }
}
