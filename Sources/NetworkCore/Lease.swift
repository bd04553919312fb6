import Addresses

/// What a server gave or offers: checked, bounded, and nothing in it that was not asked for.
package struct Lease: Equatable, Sendable {
    /// The address with its network's prefix.
    package let prefix: IPv4Prefix
    package let broadcast: IPv4Address?
    package let server: IPv4Address
    /// How long it may be used; `nil`: for ever.
    package let duration: Duration?
    /// From its beginning until it is to be renewed with this server (T1); `nil`: never.
    package let renewAfter: Duration?
    /// From its beginning until it is to be renewed with any server (T2); `nil`: never.
    package let rebindAfter: Duration?
    /// In an order in which each gateway is reachable by the routes before it.
    package let routes: [IPv4Route]
    package let nameServers: [IPv4Address]
    package let timeServers: [IPv4Address]
    package let hostName: String?
    package let domain: String?
    package let search: [String]
    /// In bytes; `nil` where none came or where it cannot be meant.
    package let mtu: UInt16?

    package var address: IPv4Address { prefix.address }
    package var gateway: IPv4Address? { routes.first { $0.isDefault }?.gateway }

    /// Why a message is no lease.
    package enum Refusal: Error, Equatable, Sendable {
        case noAddress, noServer, noLeaseTime, zeroLeaseTime
    }

    /// Reads an OFFER or an ACK.
    /// - Throws: `Refusal`.
    package init(parsing message: DHCPMessage) throws(Refusal) {
        let options = message.options
        let address = message.yourAddress
        guard address.isHost else { throw .noAddress }
        guard let server = message.serverIdentifier, server.isHost else { throw .noServer }
        guard let seconds = options.uint32(DHCPOptionCode.leaseTime) else { throw .noLeaseTime }
        guard seconds > 0 else { throw .zeroLeaseTime }
        let prefix =
            options.address(DHCPOptionCode.subnetMask)
            .flatMap { IPv4Prefix(address, mask: $0) }
            .flatMap { $0.length > 0 ? $0 : nil }
            ?? IPv4Prefix(address, length: Self.classfulLength(address))
        self.prefix = prefix
        self.server = server
        broadcast =
            options.address(DHCPOptionCode.broadcastAddress)
            .flatMap { prefix.contains($0) && $0 != address && prefix.length < 31 ? $0 : nil }
            ?? prefix.broadcast

        (duration, renewAfter, rebindAfter) = Self.times(
            seconds, renewal: options.uint32(DHCPOptionCode.renewalTime),
            rebinding: options.uint32(DHCPOptionCode.rebindingTime))

        routes = Self.routes(options, prefix: prefix)
        nameServers = options.addresses(DHCPOptionCode.domainNameServer, atMost: 8)
            .filter(\.isHost)
        timeServers = options.addresses(DHCPOptionCode.ntpServers, atMost: 8).filter(\.isHost)
        hostName = options.text(DHCPOptionCode.hostName).flatMap(DomainName.checked)
        domain = options.text(DHCPOptionCode.domainName).flatMap(DomainName.checked)
        search = DomainName.list(parsing: options[DHCPOptionCode.domainSearch] ?? [], atMost: 8)
        // Below 1280 the kernel turns IPv6 off on the interface; no network needs it, some servers send 576.
        mtu = options.uint16(DHCPOptionCode.interfaceMTU).flatMap { $0 >= 1280 ? $0 : nil }
    }

    /// What a person has said of an interface; for ever, and from no server.
    package init(
        fixed prefix: IPv4Prefix, gateway: IPv4Address?, nameServers: [IPv4Address],
        timeServers: [IPv4Address] = [], hostName: String?, mtu: UInt16?
    ) {
        self.prefix = prefix
        self.nameServers = nameServers
        self.timeServers = timeServers
        self.hostName = hostName
        self.mtu = mtu
        broadcast = prefix.broadcast
        server = .unspecified
        (duration, renewAfter, rebindAfter) = (nil, nil, nil)
        domain = nil
        search = []
        let far = gateway.map {
            prefix.contains($0) ? [] : [IPv4Route(to: .init($0, length: 32), via: nil)]
        }
        routes = (far ?? []) + (gateway.map { [.default(via: $0)] } ?? [])
    }

    /// Whether a person has said it, rather than a server.
    package var isFixed: Bool { server == .unspecified }

    private static func times(
        _ seconds: UInt32, renewal: UInt32?, rebinding: UInt32?
    ) -> (Duration?, Duration?, Duration?) {
        guard seconds != .max else { return (nil, nil, nil) }
        let whole = Duration.seconds(Int64(seconds))
        // Source: RFC 2131 §4.4.5. Times in any other order are the server's mistake.
        let rebindAfter =
            rebinding.flatMap { $0 > 0 && $0 < seconds ? .seconds(Int64($0)) : nil }
            ?? whole * 7 / 8
        let renewAfter =
            renewal.flatMap {
                $0 > 0 && .seconds(Int64($0)) < rebindAfter ? .seconds(Int64($0)) : nil
            } ?? (whole / 2 < rebindAfter ? whole / 2 : rebindAfter / 2)
        return (whole, renewAfter, rebindAfter)
    }

    /// The prefix by the address's class, for a server that sends no mask. Source: RFC 950.
    static func classfulLength(_ address: IPv4Address) -> Int {
        switch address.rawValue >> 24 {
        case ..<128: 8
        case ..<192: 16
        default: 24
        }
    }

    /// The most routes taken from one server; more is no network but an attack.
    private static let mostRoutes = 64

    private static func routes(_ options: DHCPOptions, prefix: IPv4Prefix) -> [IPv4Route] {
        // Where option 121 is present option 3 counts for nothing (RFC 3442), unless 121 cannot be read.
        let classless = options[DHCPOptionCode.classlessRoutes]
            .flatMap { ClasslessRoutes.parse($0, atMost: mostRoutes) }
        let asked =
            classless
            ?? options.addresses(DHCPOptionCode.router, atMost: 1).map { .default(via: $0) }

        var direct: [IPv4Route] = []
        var behind: [IPv4Route] = []
        for route in asked where isAcceptable(route, prefix: prefix) {
            guard let gateway = route.gateway else {
                if !direct.contains(route) { direct.append(route) }
                continue
            }
            let reachable =
                prefix.contains(gateway)
                || direct.contains { !$0.isDefault && $0.destination.contains(gateway) }
            if !reachable {
                direct.append(IPv4Route(to: IPv4Prefix(gateway, length: 32), via: nil))
            }
            // The first one for a destination counts: the kernel would refuse the second.
            if !behind.contains(where: { $0.destination == route.destination }) {
                behind.append(route)
            }
        }
        return direct
            + behind.filter { route in
                !direct.contains { $0.destination == route.destination }
            }
    }

    /// Refuses what no network needs and an attacker would like: routes for loopback, multicast or reserved addresses,
    /// through ourselves, or for a part of our own network, whose machines are on the link.
    private static func isAcceptable(_ route: IPv4Route, prefix: IPv4Prefix) -> Bool {
        if let gateway = route.gateway {
            guard gateway.isHost, gateway != prefix.address else { return false }
        }
        if route.isDefault { return true }
        let first = route.destination.address
        guard first.isHost || first.rawValue >> 24 == 0 && route.destination.length < 8 else {
            return false
        }
        let isInside =
            route.destination.length >= prefix.length
            && prefix.contains(route.destination.address)
        return !isInside || route.gateway == nil && route.destination.length == 32
    }
}
