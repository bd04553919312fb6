import Addresses
import NetworkCore
import Seeds
import Testing

/// DHCP and the claim to its address together: what ends while the other is under way.
@Suite struct IPv4MachineTests {
    static let first = IPv4Address(192, 0, 2, 5)
    static let second = IPv4Address(192, 0, 2, 6)

    struct Bench {
        var machine: IPv4Machine
        var random = SeededRandom(1)
        var now = Duration.seconds(100)
        var effects: [IPv4Machine.Effect] = []
        private let mac: HardwareAddress

        init(held: HeldLease? = nil) throws {
            mac = try #require(DHCPMessageTests.mac)
            machine = IPv4Machine(
                .dhcp(DHCPMachine(.init(hardwareAddress: mac), held: held)), for: mac)
        }

        mutating func handle(_ event: IPv4Machine.Event) {
            effects += machine.handle(event, at: now, using: &random)
        }

        /// The time goes on, from deadline to deadline.
        mutating func run(until end: Duration, while isSo: (IPv4Machine) -> Bool = { _ in true }) {
            while isSo(machine), let deadline = machine.deadline, deadline <= end {
                now = max(now, deadline)
                handle(.timeReached)
            }
            if isSo(machine) { now = end }
        }

        /// An answer to the last message that was sent.
        func answer(
            _ kind: DHCPMessage.Kind, _ address: IPv4Address, seconds: UInt32 = 3600
        ) throws -> IPv4Machine.Event {
            var message = try LeaseTests.offer(
                [51: IPv4Address(rawValue: seconds).bytes], address: address)
            message.kind = kind
            message.transaction =
                effects.compactMap {
                    if case .send(let sent, _) = $0 { sent.transaction } else { nil }
                }.last ?? 0
            return .received(message)
        }

        var announced: [IPv4Address] {
            effects.compactMap {
                if case .sendARP(let packet) = $0, packet.sender == packet.target {
                    packet.target
                } else {
                    nil
                }
            }
        }

        /// It holds `first` until 115 s, which nobody has confirmed, and probes for `second`, which a server has given.
        static func probingBeside() throws -> Bench {
            let lease = try LeaseTests.lease([51: [0, 0, 0, 20]])
            var bench = try Bench(held: HeldLease(lease, obtainedAt: .seconds(95)))
            bench.handle(.carrierUp)
            bench.run(until: .seconds(114)) { $0.phase == .rebooting }
            try #require(bench.machine.phase == .selecting)
            bench.run(until: .milliseconds(114_500))
            bench.handle(try bench.answer(.offer, IPv4MachineTests.second))
            bench.handle(try bench.answer(.ack, IPv4MachineTests.second))
            try #require(bench.machine.phase == .probing)
            try #require(bench.machine.held?.lease.address == IPv4MachineTests.first)
            bench.effects = []
            return bench
        }
    }

    @Test func theEndOfAnOldLeaseDoesNotEndTheProbesForAnother() throws {
        var bench = try Bench.probingBeside()
        bench.run(until: .seconds(118)) { $0.phase == .probing }
        #expect(bench.machine.phase == .bound)
        #expect(bench.machine.held?.lease.address == Self.second)
        #expect(bench.effects.contains(.dropAddress))
        bench.run(until: .seconds(122))
        #expect(bench.announced.contains(Self.second))
    }

    @Test func aConflictAboutAnOfferLeavesTheAddressThatIsHeld() throws {
        var bench = try Bench.probingBeside()
        let other = try #require(HardwareAddress(bytes: [2, 0, 0, 0, 0, 66]))
        bench.handle(.heard(.announcement(of: Self.second, by: other)))
        #expect(bench.machine.phase == .declined)
        #expect(bench.machine.held?.lease.address == Self.first)
        #expect(!bench.effects.contains(.dropAddress))
        bench.run(until: .milliseconds(114_900))
        bench.effects = []
        bench.handle(.heard(.announcement(of: Self.first, by: other)))
        #expect(
            bench.effects.contains { if case .claim = $0 { true } else { false } }, "it is watched")
        // And goes with its lease.
        bench = try Bench.probingBeside()
        bench.handle(.heard(.announcement(of: Self.second, by: other)))
        bench.run(until: .milliseconds(115_100))
        #expect(bench.machine.held == nil)
        #expect(bench.effects.contains(.dropAddress))
    }

    @Test func aLeaseThatEndsBeforeItsProbesDoIsNeverClaimed() throws {
        var bench = try Bench()
        bench.handle(.carrierUp)
        bench.handle(try bench.answer(.offer, Self.second))
        bench.now += .milliseconds(700)
        bench.handle(try bench.answer(.ack, Self.second, seconds: 1))
        try #require(bench.machine.phase == .probing)
        bench.run(until: .seconds(102)) { $0.phase == .probing }
        #expect(bench.machine.phase == .selecting)
        bench.effects = []
        bench.run(until: .seconds(108))
        #expect(bench.announced == [])
        // Nor defended.
        let other = try #require(HardwareAddress(bytes: [2, 0, 0, 0, 0, 66]))
        bench.effects = []
        bench.handle(.heard(.announcement(of: Self.second, by: other)))
        #expect(bench.effects == [])
    }
}
