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
