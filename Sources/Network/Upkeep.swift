import Addresses
import LinuxKit
import NetworkCore

/// Keeps what one interface has as its lease says, whoever changes it, and tries again what failed.
struct Upkeep {
    /// Addresses that davit gave this interface, in this run or an earlier one.
    var formerly: Set<IPv4Address> = []
    /// Whether the kernel has what the lease says.
    private(set) var isConfigured = false
    /// Whether the last comparison left the address missing; what else failed is a problem, and tried again.
    private var lacksAddress = false
    /// Why the last repair failed; `nil` when it did not.
    private(set) var problem: SystemError?
    /// When to look again although the kernel says nothing; `nil`: not before it does.
    private(set) var repairAt: Duration?

    private var isDue = true
    private var lastRepairAt: Duration?
    private var failures = 0

    /// The least time between two repairs, so that two programs that want different things do not make the machine spin.
    private static let pause = Duration.milliseconds(250)

    /// What the kernel has may have changed.
    mutating func demandCheck() { isDue = true }

    /// What is wanted has changed.
    mutating func demandRepair() {
        isDue = true
        lastRepairAt = nil
        failures = 0
        isConfigured = false
    }

    /// Compares what the kernel has with what the lease says, and does the difference; `problem` says what could not be done.
    /// - Returns: the number of steps that were needed.
    mutating func repair(
        _ link: Link, to held: HeldLease?, linkLocal: IPv4Address?, mtu: UInt16?,
        _ routes: inout RouteSocket, at now: Duration
    ) -> Int {
        guard isDue else { return 0 }
        if let lastRepairAt, now < lastRepairAt + Self.pause {
            repairAt = lastRepairAt + Self.pause
            return 0
        }
        isDue = false
        repairAt = nil
        problem = nil
        // An interface that is switched off takes addresses and no routes; it is repaired once it is on.
        guard link.isUp else {
            isConfigured = false
            return 0
        }
        let wanted = InterfacePlan.Wanted(
            held, linkLocal: linkLocal, mtu: mtu, at: now, largestMTU: link.largestMTU)
        let count = carryOut(wanted, link, &routes)
        if count > 0 { lastRepairAt = now }
        isConfigured = held != nil && !lacksAddress
        if problem == nil {
            failures = 0
        } else {
            failures += 1
            repairAt = now + min(.seconds(30), .seconds(1) * (1 << min(failures - 1, 5)))
        }
        return count
    }

    /// Takes everything of ours away.
    /// - Returns: why something could not be.
    mutating func removeAll(_ link: Link, _ routes: inout RouteSocket) -> SystemError? {
        problem = nil
        let nothing = InterfacePlan.Wanted(nil, at: .zero, largestMTU: link.largestMTU)
        _ = carryOut(nothing, link, &routes)
        isConfigured = false
        return problem
    }

    private mutating func carryOut(
        _ wanted: InterfacePlan.Wanted, _ link: Link, _ routes: inout RouteSocket
    ) -> Int {
        lacksAddress = false
        do throws(SystemError) {
            let present = try present(on: link, &routes)
            let steps = InterfacePlan.steps(from: present, to: wanted, formerly: formerly)
            for step in steps {
                // One step that fails does not keep the others from being done.
                do throws(SystemError) {
                    try carryOut(step, wanted, link, &routes)
                } catch {
                    problem = error
                    if case .setAddress = step { lacksAddress = true }
                }
            }
            return steps.count
        } catch {
            problem = error
            lacksAddress = true
            return 0
        }
    }

    private func present(
        on link: Link, _ routes: inout RouteSocket
    ) throws(SystemError) -> InterfacePlan.Present {
        let addresses = try routes.addresses().filter { $0.index == link.index }
        let own = try routes.routes().filter {
            $0.index == link.index && $0.isFromDHCP && $0.metric == Self.metric(link)
        }
        return InterfacePlan.Present(
            addresses: addresses.map {
                .init($0.prefix, broadcast: $0.broadcast, validSeconds: $0.validSeconds)
            },
            routes: own.map(\.route), mtu: link.mtu)
    }

    /// One for each interface, so that the default routes of two stand side by side.
    private static func metric(_ link: Link) -> UInt32 {
        1024 + UInt32(truncatingIfNeeded: link.index)
    }

    private func carryOut(
        _ step: InterfacePlan.Step, _ wanted: InterfacePlan.Wanted, _ link: Link,
        _ routes: inout RouteSocket
    ) throws(SystemError) {
        let metric = Self.metric(link)
        switch step {
        case .setMTU(let mtu): try routes.setMTU(mtu, link)
        case .removeRoute(let route): try routes.removeRoute(route, metric: metric, link)
        case .removeAddress(let prefix): try routes.removeAddress(prefix, link)
        case .setAddress(let address):
            let exact = LinkAddress(
                index: link.index, prefix: address.prefix, broadcast: address.broadcast,
                validSeconds: address.validSeconds)
            try routes.setAddress(exact, link)
        case .addRoute(let route):
            guard let source = wanted.addresses.first?.prefix.address else { return }
            try routes.addRoute(route, metric: metric, source: source, link)
        }
    }
}
