import Addresses
import LinuxKit
import NetworkCore

/// Keeps the IPv6 addresses of one interface that davit gives it, and the route of a fixed one, whoever takes them away.
struct Upkeep6 {
    /// What the kernel has, as it said last.
    private(set) var addresses: [LinkAddress6] = []
    private(set) var gateways: [DefaultRoute6] = []
    /// What a person has said.
    var fixed: FixedIPv6? { didSet { if fixed != oldValue { demandRepair(at: .zero) } } }
    /// What servers and the command line gave, also in an earlier run; every other address is the kernel's or somebody else's.
    private var given: Set<IPv6Address> = []
    private var isDue = true
    /// When to look again although the kernel says nothing; `nil`: not before it does.
    private(set) var repairAt: Duration?
    /// What was not as it should be at the last repair, as a sentence.
    private(set) var problem: String?
    /// When the fixed address was last tried again that somebody else has.
    private var duplicateAt: Duration?
    private static let duplicatePause = Duration.seconds(10)

    /// Before the routes of advertisements, which the kernel gives 1024: a person has said it.
    private static func metric(_ link: Link) -> UInt32 {
        512 + UInt32(truncatingIfNeeded: link.index)
    }

    /// An earlier run gave this one.
    mutating func remember(_ address: IPv6Address) { given.insert(address) }

    mutating func demandRepair(at now: Duration) {
        isDue = true
        repairAt = now
    }

    /// Takes what all interfaces have now.
    mutating func update(
        _ link: Link, _ all: [LinkAddress6], _ allGateways: [DefaultRoute6]
    ) {
        addresses = all.filter { $0.index == link.index }
        gateways = allGateways.filter { $0.index == link.index }
        isDue = true
    }

    /// Gives the interface the addresses and the route that it is to have, and takes away what was given and is wanted no longer.
    mutating func repair(
        _ link: Link, to held: HeldDHCPv6?, _ routes: inout RouteSocket, at now: Duration
    ) {
        guard isDue || (repairAt.map { $0 <= now } ?? false) else { return }
        isDue = false
        repairAt = nil
        problem = nil
        guard link.isUp else { return }
        let wanted = [held?.linkAddress(on: link, at: now), fixed?.linkAddress(on: link)]
            .compactMap { $0 }
        given.formUnion(wanted.map(\.address))
        do throws(SystemError) {
            for address in addresses where given.contains(address.address) {
                let isWanted = wanted.contains { $0.address == address.address }
                if !isWanted { try routes.removeAddress(address, link) }
            }
            for address in wanted { try give(address, link, &routes, at: now) }
            if let fixed, let gateway = fixed.gateway, !hasRoute(to: gateway, link) {
                try routes.addDefaultRoute6(
                    via: gateway, isOutside: fixed.isGatewayOutside, metric: Self.metric(link),
                    link)
            }
        } catch {
            problem = error.description
            repairAt = now + .seconds(5)
        }
    }

    private mutating func give(
        _ wanted: LinkAddress6, _ link: Link, _ routes: inout RouteSocket, at now: Duration
    ) throws(SystemError) {
        let isFixed = wanted.address == fixed?.address
        if let there = addresses.first(where: { $0.address == wanted.address }) {
            let words = "\(wanted.address) is in use by another machine."
            if there.isDuplicate {
                // One of DHCPv6 is declined. One that a person has said is tried again: the other machine may be gone.
                guard isFixed else { return }
                problem = words
                let tryAt = duplicateAt.map { $0 + Self.duplicatePause } ?? now
                guard tryAt <= now else {
                    repairAt = tryAt
                    return
                }
                duplicateAt = now
                try routes.removeAddress(there, link)
            } else {
                if isFixed, !there.isTentative { duplicateAt = nil }
                if isFixed, duplicateAt != nil { problem = words }
                // The kernel counts whole seconds, and tells about each change of a lifetime.
                if Self.isNear(there.valid, wanted.valid),
                    Self.isNear(there.preferred, wanted.preferred)
                {
                    return
                }
            }
        }
        try routes.setAddress(wanted, link)
    }

    private static func isNear(_ one: UInt32, _ other: UInt32) -> Bool {
        max(one, other) - min(one, other) <= 5
    }

    private func hasRoute(to gateway: IPv6Address, _ link: Link) -> Bool {
        gateways.contains {
            $0.isStatic && $0.gateway == gateway && $0.metric == Self.metric(link)
        }
    }

    /// Takes everything of ours away.
    mutating func removeAll(_ link: Link, _ routes: inout RouteSocket) {
        if let fixed, let gateway = fixed.gateway {
            try? routes.removeDefaultRoute6(
                via: gateway, isOutside: fixed.isGatewayOutside, metric: Self.metric(link), link)
        }
        for address in addresses where given.contains(address.address) {
            try? routes.removeAddress(address, link)
        }
        given = []
    }

    // MARK: What there is

    /// Global addresses first.
    var usable: [LinkAddress6] {
        let good = addresses.filter { !$0.isDuplicate }
        return good.filter { !$0.address.isLinkLocal } + good.filter { $0.address.isLinkLocal }
    }

    /// Those that the kernel has probed.
    var probed: [LinkAddress6] { usable.filter { !$0.isTentative } }

    /// One that others reach from outside of the link, made from an advertisement or by somebody else.
    var hasForeignGlobal: Bool {
        probed.contains { !$0.address.isLinkLocal && !given.contains($0.address) }
    }

    /// An address that others reach, with a way out, in words; `nil` where there is none.
    var wayOut: String? {
        guard let first = probed.first, !first.address.isLinkLocal, !gateways.isEmpty else {
            return nil
        }
        return "\(first.address)/\(first.prefixLength)"
    }

    /// The address in words, where the kernel has it and has probed it.
    func hasProbed(_ address: IPv6Address) -> String? {
        probed.first { $0.address == address }.map { "\($0.address)/\($0.prefixLength)" }
    }

    /// Whether everything that a person has said is in place.
    func hasFixed(on link: Link) -> Bool {
        guard let fixed else { return true }
        return probed.contains { $0.address == fixed.address }
            && (fixed.gateway.map { hasRoute(to: $0, link) } ?? true)
    }
}

extension FixedIPv6 {
    fileprivate func linkAddress(on link: Link) -> LinkAddress6 {
        LinkAddress6(
            index: link.index, address: address, prefixLength: prefixLength, valid: .max,
            preferred: .max)
    }
}

extension HeldDHCPv6 {
    /// As the kernel is to have it: one address without a network, since what is on the link is the routers' to say.
    fileprivate func linkAddress(on link: Link, at now: Duration) -> LinkAddress6 {
        let passed = UInt32(clamping: (now - obtainedAt).components.seconds)
        func left(_ seconds: UInt32) -> UInt32 {
            seconds == .max ? .max : seconds > passed ? seconds - passed : 0
        }
        return LinkAddress6(
            index: link.index, address: address.address, prefixLength: 128,
            valid: left(address.valid), preferred: left(address.preferred))
    }
}
