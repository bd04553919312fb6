import Addresses
import NetworkCore
import Testing

@Suite struct InterfacePlanTests {
    static let own = IPv4Address(192, 0, 2, 5)
    static let prefix = IPv4Prefix(own, length: 24)
    static let gateway = IPv4Route.default(via: IPv4Address(192, 0, 2, 1))

    static func wanted(mtu: [UInt8]? = nil) throws -> InterfacePlan.Wanted {
        let held = HeldLease(
            try LeaseTests.lease([3: [192, 0, 2, 1], 26: mtu]), obtainedAt: .seconds(100))
        return .init(held, at: .seconds(110), largestMTU: 9000)
    }

    static let nothing = InterfacePlan.Wanted(nil, at: .zero, largestMTU: 9000)

    static func address(_ seconds: UInt32?) -> InterfacePlan.Address {
        .init(prefix, broadcast: IPv4Address(192, 0, 2, 255), validSeconds: seconds)
    }

    @Test func anEmptyInterfaceGetsEverythingInOrder() throws {
        let present = InterfacePlan.Present(addresses: [], routes: [], mtu: 1500)
        #expect(
            InterfacePlan.steps(
                from: present, to: try Self.wanted(mtu: [0x05, 0x78]), formerly: [])
                == [.setMTU(1400), .setAddress(Self.address(3590)), .addRoute(Self.gateway)])
    }

    @Test(arguments: [3585, 3590, 3595] as [UInt32]) func asSecondRunDoesNothing(left: UInt32)
        throws
    {
        let present = InterfacePlan.Present(
            addresses: [Self.address(left)], routes: [Self.gateway], mtu: 1500)
        #expect(
            InterfacePlan.steps(from: present, to: try Self.wanted(), formerly: [Self.own]) == [])
    }

    @Test(arguments: [3580, 3584, 3596, 3600, nil] as [UInt32?])
    func aLifetimeThatIsOffIsSetAgain(left: UInt32?) throws {
        let present = InterfacePlan.Present(
            addresses: [Self.address(left)], routes: [Self.gateway], mtu: 1500)
        #expect(
            InterfacePlan.steps(from: present, to: try Self.wanted(), formerly: [Self.own])
                == [.setAddress(Self.address(3590))])
    }

    @Test func anAddressOfOursIsReplacedAndOneOfSomebodyElseStays() throws {
        let old = IPv4Prefix(IPv4Address(192, 0, 2, 9), length: 24)
        let theirs = IPv4Prefix(IPv4Address(10, 0, 0, 1), length: 8)
        let present = InterfacePlan.Present(
            addresses: [
                .init(old, broadcast: nil, validSeconds: 9),
                .init(theirs, broadcast: nil, validSeconds: nil),
            ], routes: [Self.gateway], mtu: 1500)
        #expect(
            InterfacePlan.steps(from: present, to: try Self.wanted(), formerly: [old.address]) == [
                .removeAddress(old), .setAddress(Self.address(3590)), .addRoute(Self.gateway),
            ])
    }

    /// The kernel would answer each attempt to change it with an announcement, which would be the reason for the next.
    @Test func anotherBroadcastAddressStays() throws {
        let theirs = InterfacePlan.Address(
            Self.prefix, broadcast: IPv4Address(192, 0, 2, 254), validSeconds: 3590)
        let present = InterfacePlan.Present(addresses: [theirs], routes: [Self.gateway], mtu: 1500)
        #expect(InterfacePlan.steps(from: present, to: try Self.wanted(), formerly: []) == [])
    }

    @Test func anotherMaskIsAnotherAddress() throws {
        let old = IPv4Prefix(Self.own, length: 16)
        let present = InterfacePlan.Present(
            addresses: [.init(old, broadcast: nil, validSeconds: 9)], routes: [], mtu: 1500)
        #expect(
            InterfacePlan.steps(from: present, to: try Self.wanted(), formerly: []) == [
                .removeAddress(old), .setAddress(Self.address(3590)), .addRoute(Self.gateway),
            ])
    }

    @Test func nothingWantedRemovesWhatIsOursOnly() {
        let theirs = IPv4Prefix(IPv4Address(10, 0, 0, 1), length: 8)
        let present = InterfacePlan.Present(
            addresses: [Self.address(9), .init(theirs, broadcast: nil, validSeconds: nil)],
            routes: [Self.gateway], mtu: 1500)
        #expect(
            InterfacePlan.steps(from: present, to: Self.nothing, formerly: [Self.own])
                == [.removeRoute(Self.gateway), .removeAddress(Self.prefix)])
        let empty = InterfacePlan.Present(addresses: [], routes: [], mtu: 1500)
        #expect(InterfacePlan.steps(from: empty, to: Self.nothing, formerly: [Self.own]) == [])
    }

    @Test func theMTUIsAtMostWhatTheInterfaceCan() throws {
        #expect(try Self.wanted(mtu: [0xFF, 0xFF]).mtu == 9000)
    }

    @Test func whatAPersonSaysOfTheMTUCountsFirstAndWhatIsThereIsNotSet() throws {
        let held = HeldLease(try LeaseTests.lease([26: [0x05, 0xDC]]), obtainedAt: .seconds(100))
        let wanted = InterfacePlan.Wanted(
            held, mtu: 1400, at: .seconds(110), largestMTU: 9000)
        #expect(wanted.mtu == 1400)
        let there = InterfacePlan.Present(
            addresses: [Self.address(3590)], routes: [], mtu: 1400)
        #expect(InterfacePlan.steps(from: there, to: wanted, formerly: []) == [])
    }

    @Test func routesGoInTheOrderInWhichTheyDoNotNeedEachOther() {
        let link = IPv4Route(to: IPv4Prefix(IPv4Address(172, 31, 1, 1), length: 32), via: nil)
        let present = InterfacePlan.Present(
            addresses: [], routes: [link, .default(via: IPv4Address(172, 31, 1, 1))], mtu: 1500)
        #expect(
            InterfacePlan.steps(from: present, to: Self.nothing, formerly: [])
                == present.routes.reversed().map { .removeRoute($0) })
    }

    @Test func anAddressOfItsOwnChoiceStandsBesideNothingAndGoesWhenALeaseComes() throws {
        let own = IPv4Address(169, 254, 7, 9)
        let alone = InterfacePlan.Wanted(nil, linkLocal: own, at: .zero, largestMTU: 9000)
        let address = InterfacePlan.Address(
            IPv4Prefix(own, length: 16), broadcast: IPv4Address(169, 254, 255, 255),
            validSeconds: nil)
        let empty = InterfacePlan.Present(addresses: [], routes: [], mtu: 1500)
        #expect(
            InterfacePlan.steps(from: empty, to: alone, formerly: []) == [.setAddress(address)])
        let present = InterfacePlan.Present(addresses: [address], routes: [], mtu: 1500)
        #expect(InterfacePlan.steps(from: present, to: alone, formerly: [own]) == [])
        #expect(
            InterfacePlan.steps(from: present, to: try Self.wanted(), formerly: [own]) == [
                .removeAddress(address.prefix), .setAddress(Self.address(3590)),
                .addRoute(Self.gateway),
            ])
    }
}
