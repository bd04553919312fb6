import Addresses

/// What an interface is to have, what it has, and the steps from the one to the other.
package enum InterfacePlan {
    /// An address on an interface.
    package struct Address: Equatable, Sendable {
        package var prefix: IPv4Prefix
        package var broadcast: IPv4Address?
        /// Seconds until the kernel takes it away by itself; `nil`: never.
        package var validSeconds: UInt32?

        package init(_ prefix: IPv4Prefix, broadcast: IPv4Address?, validSeconds: UInt32?) {
            self.prefix = prefix
            self.broadcast = broadcast
            self.validSeconds = validSeconds
        }
    }

    /// What is wanted of one interface.
    package struct Wanted: Equatable, Sendable {
        package var addresses: [Address] = []
        package var routes: [IPv4Route] = []
        package var mtu: UInt32?

        /// - Parameters:
        ///   - linkLocal: the address that the interface has chosen itself.
        ///   - mtu: what a person has said of it, in bytes; it counts before what a server says.
        ///   - largestMTU: what the interface can do.
        package init(
            _ held: HeldLease?, linkLocal: IPv4Address? = nil, mtu fixed: UInt16? = nil,
            at now: Duration, largestMTU: UInt32
        ) {
            if let held {
                let left = held.endsAt.map { UInt32(clamping: ($0 - now).components.seconds) }
                addresses.append(
                    Address(
                        held.lease.prefix, broadcast: held.lease.broadcast, validSeconds: left))
                routes = held.lease.routes
            }
            mtu = (fixed ?? held?.lease.mtu).map { min(UInt32($0), largestMTU) }
            if let linkLocal {
                let prefix = IPv4Prefix(linkLocal, length: 16)
                addresses.append(
                    Address(prefix, broadcast: prefix.broadcast, validSeconds: nil))
            }
        }
    }

    /// What is there.
    package struct Present: Equatable, Sendable {
        package var addresses: [Address]
        /// Only those that davit made.
        package var routes: [IPv4Route]
        package var mtu: UInt32

        package init(addresses: [Address], routes: [IPv4Route], mtu: UInt32) {
            self.addresses = addresses
            self.routes = routes
            self.mtu = mtu
        }
    }

    package enum Step: Equatable, Sendable {
        case setMTU(UInt32)
        case removeRoute(IPv4Route)
        case removeAddress(IPv4Prefix)
        /// Adds the address, or gives the one that is there a new lifetime.
        case setAddress(Address)
        case addRoute(IPv4Route)
    }

    /// How far a lifetime may be off before it is set again; the kernel counts whole seconds.
    private static let lifetimeTolerance: UInt32 = 5

    /// The steps from `present` to `wanted`; none when they agree.
    /// - Parameter formerly: addresses that davit gave the interface before; all others are somebody else's and stay.
    package static func steps(
        from present: Present, to wanted: Wanted, formerly: Set<IPv4Address>
    ) -> [Step] {
        var steps: [Step] = []
        if let mtu = wanted.mtu, mtu != present.mtu { steps.append(.setMTU(mtu)) }
        for route in present.routes.reversed() where !wanted.routes.contains(route) {
            steps.append(.removeRoute(route))
        }
        // The kernel drops the routes that depend on an address with it, so that they are all to be set again.
        var routes = present.routes
        for address in present.addresses
        where !wanted.addresses.contains(where: { $0.prefix == address.prefix }) {
            let known = address.prefix.address
            let isOurs =
                formerly.contains(known)
                || wanted.addresses.contains { $0.prefix.address == known }
            guard isOurs else { continue }
            steps.append(.removeAddress(address.prefix))
            routes = []
        }
        for address in wanted.addresses {
            let there = present.addresses.first { $0.prefix == address.prefix }
            if !isGood(there, address) { steps.append(.setAddress(address)) }
        }
        for route in wanted.routes where !routes.contains(route) { steps.append(.addRoute(route)) }
        return steps
    }

    /// With another broadcast address it is good too: the kernel changes that of no address that is there (net/ipv4/devinet.c,
    /// inet_rtm_newaddr), and to take the address away for it would take what hangs on it, perhaps somebody else's, as well.
    private static func isGood(_ there: Address?, _ wanted: Address) -> Bool {
        guard let there else { return false }
        switch (there.validSeconds, wanted.validSeconds) {
        case (nil, nil): return true
        case (let one?, let other?):
            return max(one, other) - min(one, other) <= lifetimeTolerance
        case (nil, _?), (_?, nil): return false
        }
    }
}
