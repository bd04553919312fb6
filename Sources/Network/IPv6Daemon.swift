import Addresses
import JSONKit
import LinuxKit
import NetworkCore
import Recorder

/// IPv6 and the name responder on all interfaces, beside DHCP; `NetworkDaemon` tells it about links and time.
final class IPv6Daemon {
    private struct Part {
        let ipv6: IPv6Interface
        let names: NameResponder
    }

    private let options: NetworkOptions
    private var parts: [Int32: Part] = [:]
    /// `nil` where the kernel has no IPv6.
    private var news: RouterNews?
    private var routersHeard: Set<Int32> = []

    init(_ options: NetworkOptions) {
        self.options = options
        news = try? RouterNews()
    }

    var deadline: Duration? {
        parts.values.flatMap { [$0.ipv6.deadline, $0.names.deadline] }.compactMap { $0 }.min()
    }

    /// What is to be polled; -1 stands for nothing.
    var descriptors: [Int32] {
        [news?.descriptor ?? -1]
            + parts.values.flatMap { [$0.ipv6.descriptor] + $0.names.descriptors }
    }

    // MARK: Events

    /// Takes the interfaces that davit cares for, as the kernel has them; before they are switched on.
    /// - Parameter rules: what the kernel's command line says of them, by index.
    func update(
        _ links: [Link], _ rules: [Int32: StaticAddress], _ routes: inout RouteSocket,
        at now: Duration
    ) {
        for (index, part) in parts {
            let (known, same) = (part.ipv6.link, links.first { $0.index == index })
            // Both identifiers of DHCPv6 are made of the hardware address, which a bond gets from its first part.
            guard same?.name != known.name || same?.hardwareAddress != known.hardwareAddress else {
                continue
            }
            if same != nil { part.ipv6.release(&routes) }
            parts[index] = nil
        }
        // A kernel without IPv6 lists none; one that cannot list is asked again soon.
        guard let addresses4 = try? routes.addresses() else { return }
        let addresses6 = (try? routes.addresses6()) ?? []
        let gateways = (try? routes.defaultRoutes6()) ?? []
        let own = Set(
            addresses4.map(\.prefix.address.bytes) + addresses6.map(\.address.bytes))
        for link in links {
            guard let hardwareAddress = link.hardwareAddress else { continue }
            let method = rules[link.index]?.method6 ?? .advertised
            let part = parts[link.index] ?? begin(link, hardwareAddress, method, at: now)
            parts[link.index] = part
            part.ipv6.take(method)
            part.ipv6.update(link, addresses6, gateways, &routes, at: now)
            part.names.update(
                link, addresses4, part.ipv6.probedAddresses, own: own, at: now)
        }
    }

    private func begin(
        _ link: Link, _ hardwareAddress: HardwareAddress, _ method: StaticAddress.Method6,
        at now: Duration
    ) -> Part {
        let journal = Journal(interface: link.name, isVerbose: options.isVerbose)
        var pace = Pace()
        pace.promise = options.retryCap
        let ipv6 = IPv6Interface(link, hardwareAddress, method, pace, journal, at: now)
        let host = options.hostName ?? "davit"
        return Part(ipv6: ipv6, names: NameResponder(link, host: host, journal))
    }

    /// Reads everything that has come.
    func receive(_ routes: inout RouteSocket, at now: Duration) {
        for event in news?.take() ?? [] {
            guard let part = parts[event.index] else { continue }
            part.ipv6.heard(RouterOptions(parsing: event.options), at: now)
            routersHeard.insert(event.index)
        }
        for part in parts.values {
            part.ipv6.receive(&routes, at: now)
            part.names.receive(at: now)
        }
    }

    /// Does everything whose time has come.
    func turn(_ routes: inout RouteSocket, at now: Duration) {
        for part in parts.values {
            if let due = part.ipv6.deadline, due <= now { part.ipv6.timeReached(&routes, at: now) }
            part.names.timeReached(at: now)
        }
    }

    func release(_ routes: inout RouteSocket) {
        for part in parts.values { part.ipv6.release(&routes) }
        parts = [:]
    }

    // MARK: What others want to know

    /// IPv6 of one interface; `nil` where davit does not care for it.
    subscript(index: Int32) -> IPv6Interface? { parts[index]?.ipv6 }

    /// The interfaces on which a router has spoken since it was asked last: a sign of life, also for DHCP.
    func takeRoutersHeard() -> Set<Int32> {
        defer { routersHeard = [] }
        return routersHeard
    }

    /// Whether name servers have changed since it was asked last.
    func takeChange() -> Bool { parts.values.filter { $0.ipv6.takeChange() }.count > 0 }

    var learned: [LearnedServers] {
        parts.sorted { $0.key < $1.key }.map { $0.value.ipv6.learned }
    }

    /// The members `ipv6` and `mdns` of an interface's file; null where there is nothing.
    func json(of index: Int32) -> (ipv6: JSON, name: JSON) {
        guard let part = parts[index] else { return (.null, .null) }
        return (part.ipv6.json, JSON(part.names.name))
    }
}
