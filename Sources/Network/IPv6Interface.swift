import Addresses
import JSONKit
import LinuxKit
import NetworkCore
import Recorder

/// IPv6 on one interface: what the kernel makes of the routers' advertisements, DHCPv6 where they ask for it, and what the kernel's
/// command line says.
final class IPv6Interface {
    private(set) var link: Link
    private var machine: DHCPv6Machine
    private var socket: DatagramSocket?
    private let journal: Journal
    private let files: InterfaceState
    private var random = UrgentRandom()
    /// What the kernel's command line says of it.
    private var method: StaticAddress.Method6
    private var upkeep = Upkeep6()
    /// The message that is being handled; what makes a lease is kept for a later run.
    private var answer: DHCPv6Message?
    /// Each with the time at which it is forgotten.
    private var nameServers: [(address: IPv6Address, until: Duration)] = []
    private var search: [(domain: String, until: Duration)] = []
    private var informed: DHCPv6Answer?
    private var lastRouterAt: Duration?
    private var lastError: String?
    /// What the kernel's settings were before davit, also before an earlier run that was killed.
    private var settings: [String: Int] = [:]
    private var shown: LearnedServers?

    /// More name servers than any resolver asks.
    private static let most = 8

    init(
        _ link: Link, _ hardwareAddress: HardwareAddress, _ method: StaticAddress.Method6,
        _ pace: Pace, _ journal: Journal, at now: Duration
    ) {
        self.link = link
        self.method = method
        self.journal = journal
        files = InterfaceState(interface: link.name)
        machine = DHCPv6Machine(hardwareAddress, pace)
        if let (reply, obtainedAt) = files.earlierReply,
            machine.takeUp(reply, obtainedAt: obtainedAt, at: now), let held = machine.held
        {
            upkeep.remember(held.address.address)
            journal.detail("takes up \(held.address.address) of DHCPv6 from an earlier run")
        }
        let earlier = Files.text("\(InterfaceState.directory)/\(link.name).json", limit: 65536)
            .flatMap { try? JSON(parsing: $0) }
        for (name, _) in wantedSettings {
            settings[name] =
                earlier?["ipv6"]?["settings"]?[name]?.int ?? RouterSettings.value(name, link)
        }
        if case .fixed(let fixed) = method { upkeep.fixed = fixed }
        prepare()
    }

    var deadline: Duration? {
        let forgetting = (nameServers.map(\.until) + search.map(\.until)).min()
        return [machine.deadline, upkeep.repairAt, forgetting].compactMap { $0 }.min()
    }

    /// -1 while there is no socket.
    var descriptor: Int32 { socket?.descriptor ?? -1 }

    // MARK: The kernel's settings

    /// Advertisements are taken also by a machine that forwards, and routers are asked for as long as it takes: the kernel's own
    /// gaps grow to an hour.
    private var wantedSettings: [(String, Int)] {
        let forwards = RouterSettings.value("forwarding", link) ?? 0
        let accepts = method == .linkLocal ? 0 : forwards == 0 ? 1 : 2
        return [
            ("accept_ra", accepts), ("autoconf", 1), ("router_solicitations", -1),
            ("router_solicitation_max_interval", 30),
        ]
    }

    /// Sets what differs; best before the interface is switched on, when the kernel begins to ask for routers.
    private func prepare() {
        for (name, value) in wantedSettings {
            guard let present = RouterSettings.value(name, link), present != value,
                // A 2 accepts everywhere.
                name != "accept_ra" || present != 2 || value == 0
            else { continue }
            do throws(SystemError) {
                try RouterSettings.set(name, to: value, link)
                journal.detail("\(name) of IPv6 was \(present) and is \(value) now")
            } catch {
                lastError = error.description
            }
        }
    }

    // MARK: Events

    /// Does as the kernel's command line says, which may be known only once there is a carrier.
    func take(_ method: StaticAddress.Method6) {
        guard method != self.method else { return }
        self.method = method
        if case .fixed(let fixed) = method { upkeep.fixed = fixed }
        prepare()
    }

    /// Takes the kernel's present description.
    func update(
        _ fresh: Link, _ all: [LinkAddress6], _ allGateways: [DefaultRoute6],
        _ routes: inout RouteSocket, at now: Duration
    ) {
        let hadCarrier = link.hasCarrier && link.carrierUps == fresh.carrierUps
        link = fresh
        upkeep.update(fresh, all, allGateways)
        if socket == nil, fresh.router != nil {
            socket = try? DatagramSocket(fresh, port: 546, isIPv6: true)
        }
        if !fresh.hasCarrier {
            perform(.carrierDown, &routes, at: now)
        } else if !hadCarrier || machine.phase == .idle {
            // The link may be another network's. What goes with a held address goes with it.
            if !hadCarrier, machine.held == nil { informed = nil }
            perform(.carrierUp, &routes, at: now)
        }
        perform(.wanted(wantedOfServers), &routes, at: now)
        if let held = machine.held,
            upkeep.addresses.contains(where: {
                $0.address == held.address.address && $0.isDuplicate
            })
        {
            perform(.addressInUse, &routes, at: now)
        }
        repair(&routes, at: now)
    }

    private var wantedOfServers: DHCPv6Machine.Wanted {
        let flags = link.router ?? []
        let advertised: DHCPv6Machine.Wanted =
            flags.contains(.managed)
            ? .addresses : flags.contains(.other) ? .information : .nothing
        switch method {
        case .advertised: return advertised
        case .dhcp: return .addresses
        case .either: return upkeep.hasForeignGlobal ? advertised : .addresses
        case .fixed: return advertised == .nothing ? .nothing : .information
        case .linkLocal: return .nothing
        }
    }

    /// An advertisement came, or a part of one.
    func heard(_ options: RouterOptions, at now: Duration) {
        // A flood of advertisements is no reason to write a file for each.
        if lastRouterAt.map({ now - $0 > .seconds(10) }) ?? true { lastRouterAt = now }
        for (address, lifetime) in options.nameServers {
            nameServers.removeAll { $0.address == address }
            guard lifetime > 0, nameServers.count < Self.most else { continue }
            nameServers.append((address, now + .seconds(Int64(lifetime))))
        }
        for (domain, lifetime) in options.search {
            search.removeAll { $0.domain == domain }
            guard lifetime > 0, search.count < Self.most else { continue }
            search.append((domain, now + .seconds(Int64(lifetime))))
        }
    }

    /// Reads what servers sent, a bounded number.
    func receive(_ routes: inout RouteSocket, at now: Duration) {
        for _ in 0..<16 {
            guard let datagram = socket?.receive() else { return }
            guard datagram.port == 547,
                let message = try? DHCPv6Message(parsing: datagram.bytes[...])
            else { continue }
            answer = message
            perform(.received(message), &routes, at: now)
            answer = nil
        }
    }

    func timeReached(_ routes: inout RouteSocket, at now: Duration) {
        nameServers.removeAll { $0.until <= now }
        search.removeAll { $0.until <= now }
        if let due = machine.deadline, due <= now { perform(.timeReached, &routes, at: now) }
        repair(&routes, at: now)
    }

    /// Takes away what servers gave, and gives the kernel its settings back.
    func release(_ routes: inout RouteSocket) {
        upkeep.removeAll(link, &routes)
        try? files.forgetReply()
        for (name, value) in settings where RouterSettings.value(name, link) != value {
            try? RouterSettings.set(name, to: value, link)
        }
    }

    // MARK: Effects

    private func perform(
        _ event: DHCPv6Machine.Event, _ routes: inout RouteSocket, at now: Duration
    ) {
        for effect in machine.handle(event, at: now, using: &random) {
            switch effect {
            case .send(let message):
                do throws(SystemError) {
                    try socket?.send(
                        message.encoded, to: IPv6Address.allDHCPServers.bytes, port: 547)
                } catch {
                    // Before the link-local address has been probed; the next try is near.
                    journal.detail(error.description)
                }
            case .configure(let held):
                upkeep.demandRepair(at: now)
                guard let answer else { break }
                do throws(SystemError) {
                    try files.keep(answer, obtainedAt: held.obtainedAt)
                } catch {
                    lastError = error.description
                }
            case .dropAddress:
                try? files.forgetReply()
                upkeep.demandRepair(at: now)
                informed = nil
            case .inform(let answer): informed = answer
            case .note(let note): record(note, at: now)
            }
        }
    }

    private func record(_ note: DHCPv6Machine.Note, at now: Duration) {
        switch note {
        case .tried(let kind, let count): journal.detail("DHCPv6 \(kind) sent (try \(count))")
        case .confirmed(let held):
            journal.detail("the link confirms \(held.address.address) of DHCPv6")
        case .bound(let held):
            lastError = nil
            journal.change("has \(held.address.address) by DHCPv6", at: now)
        case .renewed(let held): journal.detail("DHCPv6 renewed \(held.address.address)")
        case .informed: journal.detail("has name servers by DHCPv6")
        case .refused(let status):
            lastError = "The DHCPv6 server refused: \(status)."
            journal.change("the DHCPv6 server refused: \(status)", at: now)
        case .expired(let address):
            journal.change("the lifetime of \(address) has ended; it is gone", at: now)
        case .declined(let address):
            journal.change("\(address) is in use by another machine", at: now)
        }
    }

    private func repair(_ routes: inout RouteSocket, at now: Duration) {
        let before = upkeep.problem
        upkeep.repair(link, to: machine.held, &routes, at: now)
        guard let problem = upkeep.problem else {
            if before != nil, lastError == before { lastError = nil }
            return
        }
        if problem != before { journal.change(problem, at: now) }
        lastError = problem
    }

    // MARK: What it has

    /// What the interface can be reached by from now on, in words: for a fixed address what the command line says, for `link6` the
    /// link's address, for `dhcp6` the server's, and for all others an address with a way out. `nil` where that is not there yet.
    var readiness: String? {
        guard link.hasCarrier else { return nil }
        switch method {
        case .fixed(let fixed): return upkeep.hasFixed(on: link) ? "\(fixed)" : nil
        case .linkLocal: return upkeep.probed.first.map { "\($0.address)" }
        case .dhcp: return machine.held.flatMap { upkeep.hasProbed($0.address.address) }
        case .advertised, .either: return upkeep.wayOut
        }
    }

    /// Whether the command line gives an address.
    var isFixed: Bool { upkeep.fixed != nil }
    var isSearching: Bool { link.hasCarrier && machine.isSearching }

    /// Whether DHCPv4 is unanswered, too.
    func share(_ isShared: Bool) { machine.share(isShared) }

    /// For the name responder.
    var probedAddresses: [IPv6Address] { upkeep.probed.map(\.address) }

    /// A link-local name server is one on this link only.
    var learned: LearnedServers {
        let told = nameServers.map(\.address)
        let servers = told + (informed?.nameServers ?? []).filter { !told.contains($0) }
        return LearnedServers(
            nameServers: servers.map { $0.isLinkLocal ? "\($0)%\(link.name)" : "\($0)" },
            search: (informed?.search ?? []) + search.map(\.domain))
    }

    /// Whether the name servers differ from when it was asked last.
    func takeChange() -> Bool {
        let now = learned
        defer { shown = now }
        return shown.map { $0 != now } ?? !now.nameServers.isEmpty
    }

    /// {addresses: ["2001:db8::5/64", …], gateway, dns, routerHeardAt, dhcp: where DHCPv6 stands, leased, leaseEndsAt,
    /// tries, settings: what the kernel's were before davit, lastError}. Times are milliseconds since boot.
    var json: JSON {
        [
            "addresses": .array(upkeep.usable.map { .string("\($0.address)/\($0.prefixLength)") }),
            "gateway": JSON(upkeep.gateways.lazy.compactMap(\.gateway).first?.description),
            "dns": .array(learned.nameServers.map { .string($0) }),
            "routerHeardAt": JSON(lastRouterAt?.milliseconds),
            "dhcp": .string(machine.phase.rawValue),
            "leased": JSON(machine.held.map { "\($0.address.address)" }),
            "leaseEndsAt": JSON(machine.held?.endsAt?.milliseconds),
            "tries": .number(machine.tries),
            "settings": .object(
                settings.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) }),
            "lastError": JSON(lastError),
        ]
    }
}
