import Addresses
import NetworkCore
import Testing

/// The lease that is held while the DHCP machine asks for it, or for another: it stays as long as it is good, and goes once.
@Suite struct DHCPKeptLeaseTests {
    typealias Bench = DHCPMachineTests.Bench

    static let kept = IPv4Address(192, 0, 2, 5)
    static let other = IPv4Address(192, 0, 2, 6)

    /// A machine that holds 192.0.2.5 for `seconds` more, asked for it in vain, and has come to a phase on the way to 192.0.2.6.
    static func onTheWay(
        to phase: DHCPMachine.Phase, seconds: Int64 = 1000, _ changes: [UInt8: [UInt8]?] = [:]
    ) throws -> (bench: Bench, end: Duration) {
        let lease = try LeaseTests.lease()
        var bench = try Bench(
            held: HeldLease(lease, obtainedAt: .seconds(100 + seconds - 3600)))
        bench.handle(.carrierUp)
        let end = try #require(bench.machine.held?.endsAt)
        if phase == .rebooting { return (bench, end) }
        while bench.machine.phase == .rebooting { _ = try bench.wait() }
        if phase == .selecting { return (bench, end) }
        bench.handle(try bench.answer(.offer, changes, address: other))
        if phase == .requesting { return (bench, end) }
        bench.handle(try bench.answer(.ack, changes, address: other))
        if phase == .declined { bench.handle(.addressInUse) }
        return (bench, end)
    }

    @Test(arguments: [DHCPMachine.Phase.rebooting, .selecting, .requesting, .probing, .declined])
    func itGoesOnceWhenItEnds(phase: DHCPMachine.Phase) throws {
        var (bench, end) = try Self.onTheWay(to: phase)
        #expect(bench.machine.phase == phase)
        #expect(bench.machine.held?.lease.address == Self.kept)
        bench.now = end
        let effects = bench.handle(.timeReached)
        #expect(effects.prefix(2) == ["drop", "expired"])
        #expect(bench.machine.held == nil)
        for _ in 0..<3 {
            bench.now += .seconds(1)
            #expect(!bench.handle(.timeReached).contains("drop"))
        }
        #expect(try #require(bench.machine.deadline) >= bench.now)
    }

    @Test(arguments: [DHCPMachine.Phase.rebooting, .selecting, .probing])
    func itsEndIsWokenFor(phase: DHCPMachine.Phase) throws {
        var (bench, end) = try Self.onTheWay(to: phase, seconds: phase == .rebooting ? 2 : 20)
        var effects: [String] = []
        while bench.machine.held != nil, bench.now < end + .seconds(10) {
            effects += try bench.wait()
        }
        #expect(bench.now == end)
        #expect(effects.count { $0 == "drop" } == 1)
    }

    @Test func whatHappensToAnotherAddressDoesNotCostIt() throws {
        var (bench, _) = try Self.onTheWay(to: .probing)
        #expect(bench.handle(.addressInUse) == ["DECLINE", "declined"])
        #expect(bench.machine.held?.lease.address == Self.kept)
        (bench, _) = try Self.onTheWay(to: .probing, [51: [0, 0, 0, 10]])
        #expect(try bench.wait() == ["DISCOVER"], "the other lease ended before its probes")
        #expect(bench.machine.held?.lease.address == Self.kept)
        #expect(bench.sent.last?.options.address(50) == Self.kept)
    }

    @Test func theSameAddressByAnotherWayNeedsNoProbeAndIsLostWithARefusal() throws {
        var (bench, _) = try Self.onTheWay(to: .selecting)
        bench.handle(try bench.answer(.offer))
        let refused = bench
        #expect(bench.handle(try bench.answer(.ack)) == ["configure 192.0.2.5/24", "bound"])
        bench = refused
        #expect(bench.handle(try bench.answer(.nak)) == ["drop", "refused", "DISCOVER"])
        #expect(bench.machine.held == nil)
    }

    @Test func anotherAddressTakesItsPlace() throws {
        var (bench, _) = try Self.onTheWay(to: .probing)
        #expect(bench.handle(.addressFree) == ["configure 192.0.2.6/24", "bound"])
        #expect(bench.machine.held?.lease.address == Self.other)
    }

    @Test func threeRequestsForItAreSent() throws {
        let (bench, _) = try Self.onTheWay(to: .selecting)
        #expect(bench.sent.map(\.kind) == [.request, .request, .request, .discover])
    }

    @Test func renewingAndRebindingBeginAtTheirTimesAndAreNoFlood() throws {
        var bench = try Bench.at(.bound)
        let obtained = try #require(bench.machine.held?.obtainedAt)
        _ = try bench.wait()
        #expect((.seconds(1770) ... .seconds(1800)).contains(bench.now - obtained))
        while bench.machine.phase == .renewing { _ = try bench.wait() }
        #expect(bench.now - obtained == .seconds(3150))
        let renewals = bench.sent.dropFirst(2).dropLast().count
        while bench.machine.phase == .rebinding { _ = try bench.wait() }
        #expect(bench.now - obtained == .seconds(3600))
        let rebindings = bench.sent.dropFirst(2 + renewals).dropLast().count
        // Half of what is left each time, down to some seconds.
        #expect((8...14).contains(renewals))
        #expect((6...12).contains(rebindings))
    }
}
