import Addresses
import NetworkCore
import Testing

@Suite struct LeaseTests {
    /// An offer of 192.0.2.5/24 by 192.0.2.1 for an hour, with changes.
    static func offer(
        _ changes: [UInt8: [UInt8]?] = [:], address: IPv4Address = IPv4Address(192, 0, 2, 5)
    ) throws -> DHCPMessage {
        var message = DHCPMessage(
            .offer, transaction: 1, from: try #require(DHCPMessageTests.mac))
        message.isReply = true
        message.yourAddress = address
        message.options[1] = [255, 255, 255, 0]
        message.options[51] = [0, 0, 0x0E, 0x10]
        message.options[54] = [192, 0, 2, 1]
        for (code, value) in changes { message.options[code] = value }
        return message
    }

    static func lease(_ changes: [UInt8: [UInt8]?] = [:]) throws -> Lease {
        try Lease(parsing: offer(changes))
    }

    @Test func everythingThatIsAskedForIsRead() throws {
        let lease = try Self.lease([
            3: [192, 0, 2, 1], 6: [192, 0, 2, 2, 192, 0, 2, 3], 12: Array("Box".utf8),
            15: Array("example.org".utf8), 26: [0x05, 0xDC], 42: [192, 0, 2, 4],
            119: [3, 108, 97, 98, 0],
        ])
        #expect(lease.prefix.description == "192.0.2.5/24")
        #expect(lease.broadcast == IPv4Address(192, 0, 2, 255))
        #expect(lease.server == IPv4Address(192, 0, 2, 1))
        #expect(lease.duration == .seconds(3600))
        #expect(lease.gateway == IPv4Address(192, 0, 2, 1))
        #expect(lease.nameServers == [IPv4Address(192, 0, 2, 2), IPv4Address(192, 0, 2, 3)])
        #expect(lease.hostName == "box")
        #expect(lease.domain == "example.org")
        #expect(lease.mtu == 1500)
        #expect(lease.timeServers == [IPv4Address(192, 0, 2, 4)])
        #expect(lease.search == ["lab"])
    }

    @Test(
        arguments: [
            ([51: nil], Lease.Refusal.noLeaseTime), ([51: [0, 0, 1]], .noLeaseTime),
            ([51: [0, 0, 0, 0]], .zeroLeaseTime), ([54: nil], .noServer),
            ([54: [0, 0, 0, 0]], .noServer), ([54: [224, 0, 0, 1]], .noServer),
        ] as [([UInt8: [UInt8]?], Lease.Refusal)])
    func refusesByName(changes: [UInt8: [UInt8]?], refusal: Lease.Refusal) {
        #expect(throws: refusal) { try Self.lease(changes) }
    }

    @Test(arguments: [
        IPv4Address.unspecified, .broadcast, IPv4Address(127, 0, 0, 1), IPv4Address(239, 1, 1, 1),
    ])
    func refusesAnAddressThatNobodyCanHave(address: IPv4Address) throws {
        let offer = try Self.offer(address: address)
        #expect(throws: Lease.Refusal.noAddress) { try Lease(parsing: offer) }
    }

    @Test func refusalsAreSaidInWords() {
        #expect(
            DHCPMachine.Ignored.noLease(.zeroLeaseTime).description
                == "an answer with a lease of no duration")
        #expect(Lease.Refusal.noServer.description == "that does not name its server")
    }

    struct Times: Sendable {
        let t1, t2: UInt32?
        let renew, rebind: Int
    }

    @Test(arguments: [
        Times(t1: nil, t2: nil, renew: 1800, rebind: 3150),
        Times(t1: 60, t2: 100, renew: 60, rebind: 100),
        Times(t1: 100, t2: 60, renew: 30, rebind: 60),
        Times(t1: 0, t2: 0, renew: 1800, rebind: 3150),
        Times(t1: 4000, t2: 5000, renew: 1800, rebind: 3150),
        Times(t1: nil, t2: 600, renew: 300, rebind: 600),
        Times(t1: nil, t2: 3600, renew: 1800, rebind: 3150),
        Times(t1: 100, t2: 100, renew: 50, rebind: 100),
    ])
    func timesOutOfOrderAreReplaced(times: Times) throws {
        func bytes(_ number: UInt32?) -> [UInt8]? {
            number.map { IPv4Address(rawValue: $0).bytes }
        }
        let lease = try Self.lease([58: bytes(times.t1), 59: bytes(times.t2)])
        #expect(lease.renewAfter == .seconds(times.renew))
        #expect(lease.rebindAfter == .seconds(times.rebind))
    }

    @Test func aLeaseForEverHasNoTimes() throws {
        let lease = try Self.lease([51: [255, 255, 255, 255], 58: [0, 0, 0, 9]])
        #expect(lease.duration == nil)
        #expect(lease.renewAfter == nil)
        #expect(lease.rebindAfter == nil)
    }

    @Test(
        arguments: [
            (nil, 24), ([255, 255, 0], 24), ([255, 0, 255, 0], 24), ([0, 0, 0, 0], 24),
            ([255, 255, 255, 255], 32),
        ] as [([UInt8]?, Int)])
    func aMaskThatIsNoneIsReplacedByTheClass(mask: [UInt8]?, length: Int) throws {
        #expect(try Self.lease([1: mask]).prefix.length == length)
    }

    @Test(
        arguments: [
            (0x02, 0x40, nil), (0x05, 0x00, 1280), (0x23, 0x28, 9000),
        ] as [(UInt8, UInt8, UInt16?)])
    func anMTUThatBreaksIPv6IsLeftOut(high: UInt8, low: UInt8, mtu: UInt16?) throws {
        #expect(try Self.lease([26: [high, low]]).mtu == mtu)
    }

    @Test(
        arguments: [
            (nil, 24, [192, 0, 2, 255]), ([192, 0, 2, 63], 24, [192, 0, 2, 63]),
            ([192, 0, 3, 255], 24, [192, 0, 2, 255]), ([192, 0, 2, 5], 24, [192, 0, 2, 255]),
            ([192, 0, 2, 4], 31, nil), ([192, 0, 2], 24, [192, 0, 2, 255]),
        ] as [([UInt8]?, Int, [UInt8]?)])
    func aBroadcastAddressIsWithinTheNetworkOrItsOwn(
        said: [UInt8]?, length: Int, expected: [UInt8]?
    ) throws {
        let mask = IPv4Prefix(.unspecified, length: length).mask.bytes
        #expect(try Self.lease([1: mask, 28: said]).broadcast?.bytes == expected)
    }

    @Test func ofServersOnlyMachinesAndAtMostEightCount() throws {
        let one: [UInt8] = [192, 0, 2, 2]
        let none: [UInt8] = [0, 0, 0, 0]
        let group: [UInt8] = [224, 0, 0, 1]
        for code in [6, 42] as [UInt8] {
            let few = try Self.lease([code: none + one + group])
            #expect((code == 6 ? few.nameServers : few.timeServers).map(\.bytes) == [one])
            let many = try Self.lease([code: (1...9).flatMap { [192, 0, 2, $0] }])
            #expect((code == 6 ? many.nameServers : many.timeServers).count == 8)
        }
    }

    @Test func aNumberHasItsLength() throws {
        #expect(try Self.lease([26: [0x05, 0xDC, 0]]).mtu == nil)
        #expect(try Self.lease([58: [0, 0, 0, 60, 0]]).renewAfter == .seconds(1800))
    }

    // MARK: Routes

    /// The routes of option 121, in words.
    private static func routes(_ value: [UInt8]...) throws -> [String] {
        try lease([121: value.flatMap { $0 }]).routes.map(\.description)
    }

    @Test func aGatewayIsReachedByARouteBeforeItOrByOneOfItsOwn() throws {
        let far: [UInt8] = [0, 172, 31, 1, 1]
        let own = "172.31.1.1/32 on the link"
        let gateway = "default via 172.31.1.1"
        // By a network on the link, when it is in it.
        #expect(
            try Self.routes([16, 172, 31, 0, 0, 0, 0], far)
                == ["172.31.0.0/16 on the link", gateway])
        #expect(
            try Self.routes([16, 172, 30, 0, 0, 0, 0], far)
                == ["172.30.0.0/16 on the link", own, gateway])
        // Not because everything is said to be on the link.
        #expect(
            try Self.routes([0, 0, 0, 0, 0], [8, 10, 172, 31, 1, 1])
                == ["default on the link", own, "10.0.0.0/8 via 172.31.1.1"])
    }

    @Test func oneRouteForADestination() throws {
        let link: [UInt8] = [16, 172, 31, 0, 0, 0, 0]
        #expect(try Self.routes(link, link) == ["172.31.0.0/16 on the link"])
        #expect(
            try Self.routes([8, 10, 192, 0, 2, 1], [8, 10, 192, 0, 2, 9])
                == ["10.0.0.0/8 via 192.0.2.1"])
        #expect(
            try Self.routes([16, 172, 31, 192, 0, 2, 9], link) == ["172.31.0.0/16 on the link"])
    }

    @Test func routesThatSomeNetworksNeedAreTaken() throws {
        #expect(try Self.routes([1, 0, 192, 0, 2, 1]) == ["0.0.0.0/1 via 192.0.2.1"])
        #expect(try Self.routes([8, 0, 192, 0, 2, 1]) == [], "no machine has such an address")
        #expect(try Self.routes([23, 192, 0, 2, 192, 0, 2, 1]) == ["192.0.2.0/23 via 192.0.2.1"])
        #expect(try Self.routes([24, 192, 0, 3, 192, 0, 2, 1]) == ["192.0.3.0/24 via 192.0.2.1"])
        #expect(
            try Self.routes([32, 192, 0, 2, 77, 0, 0, 0, 0]) == ["192.0.2.77/32 on the link"])
        #expect(try Self.routes([25, 192, 0, 2, 0, 0, 0, 0, 0]) == [])
    }

    @Test func classlessRoutesReplaceTheRouter() throws {
        let lease = try Self.lease([
            3: [192, 0, 2, 1],
            121: [
                0, 192, 0, 2, 254,  // default via 192.0.2.254
                8, 10, 192, 0, 2, 9,  // 10.0.0.0/8 via 192.0.2.9
                17, 172, 16, 128, 192, 0, 2, 9,  // 172.16.128.0/17
            ],
        ])
        #expect(
            lease.routes.map(\.description) == [
                "default via 192.0.2.254", "10.0.0.0/8 via 192.0.2.9",
                "172.16.128.0/17 via 192.0.2.9",
            ])
    }

    @Test func aGatewayOutsideTheSubnetIsReachedOnTheLink() throws {
        let lease = try Self.lease([1: [255, 255, 255, 255], 3: [172, 31, 1, 1]])
        #expect(
            lease.routes.map(\.description)
                == ["172.31.1.1/32 on the link", "default via 172.31.1.1"])
    }

    @Test func aServerThatSaysSoItselfGetsNoSecondRoute() throws {
        let lease = try Self.lease([
            1: [255, 255, 255, 255],
            121: [32, 172, 31, 1, 1, 0, 0, 0, 0, 0, 172, 31, 1, 1],
        ])
        #expect(
            lease.routes.map(\.description)
                == ["172.31.1.1/32 on the link", "default via 172.31.1.1"])
    }

    @Test(
        arguments: [
            [33, 10, 0, 0, 0, 1, 192, 0, 2, 1],  // prefix of 33 bits
            [8, 10, 192, 0, 2],  // ends within a route
            [24, 10],
        ] as [[UInt8]])
    func brokenClasslessRoutesAreNoneAndTheRouterCounts(value: [UInt8]) throws {
        let lease = try Self.lease([3: [192, 0, 2, 1], 121: value])
        #expect(lease.routes == [.default(via: IPv4Address(192, 0, 2, 1))])
    }

    @Test(
        arguments: [
            [8, 127, 192, 0, 2, 1],  // loopback
            [4, 224, 192, 0, 2, 1],  // multicast
            [32, 192, 0, 2, 77, 192, 0, 2, 1],  // a neighbour of ours by way of the server
            [25, 192, 0, 2, 0, 192, 0, 2, 1],  // half of our own network
            [8, 10, 192, 0, 2, 5],  // through ourselves
            [8, 10, 224, 0, 0, 1],  // through a group
        ] as [[UInt8]])
    func routesThatNoNetworkNeedsAreRefused(value: [UInt8]) throws {
        #expect(try Self.lease([121: value]).routes == [])
    }

    @Test func aThousandRoutesAreBounded() throws {
        let value = (0..<1000).flatMap { number -> [UInt8] in
            [32, 10, 0, UInt8(number / 256), UInt8(number % 256), 192, 0, 2, 1]
        }
        #expect(try Self.lease([121: value]).routes.count == 64)
    }
}
