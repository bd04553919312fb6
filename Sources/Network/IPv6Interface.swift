import Addresses
import JSONKit
import LinuxKit
import NetworkCore
import Recorder

/// IPv6 on one interface: what the kernel makes of the routers' advertisements, and DHCPv6 where they ask for it.
final class IPv6Interface {
    private(set) var link: Link
    private var machine: DHCPv6Machine
    private var socket: DatagramSocket?
    private let journal: Journal
    private var random = UrgentRandom()
    /// What the kernel has, as it said last.
    private(set) var addresses: [LinkAddress6] = []
    /// What servers gave in this run; every other address is the kernel's or somebody else's. One that an earlier run left behind
    /// goes with its lifetime.
    private var leased: Set<IPv6Address> = []
    private var lacksAddress = false
    private var nextRepairAt: Duration?
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

    init(_ link: Link, _ hardwareAddress: HardwareAddress, _ journal: Journal) {
        self.link = link
        self.journal = journal
        machine = DHCPv6Machine(hardwareAddress)
        let earlier = Files.text("\(InterfaceState.directory)/\(link.name).json", limit: 65536)
            .flatMap { try? JSON(parsing: $0) }
        for (name, _) in Self.wanted(link) {
            settings[name] =
                earlier?["ipv6"]?["settings"]?[name]?.int ?? RouterSettings.value(name, link)
        }
    }

    var deadline: Duration? {
        let forgetting = (nameServers.map(\.until) + search.map(\.until)).min()
        return [machine.deadline, nextRepairAt, forgetting].compactMap { $0 }.min()
    }

    /// -1 while there is no socket.
    var descriptor: Int32 { socket?.descriptor ?? -1 }

    // MARK: The kernel's settings

    /// Advertisements are taken also by a machine that forwards, and routers are asked for as long as it takes: the kernel's own
    /// gaps grow to an hour.
    private static func wanted(_ link: Link) -> [(String, Int)] {
        let forwards = RouterSettings.value("forwarding", link) ?? 0
        return [
            ("accept_ra", forwards == 0 ? 1 : 2), ("autoconf", 1), ("router_solicitations", -1),
            ("router_solicitation_max_interval", 30),
        ]
    }

    /// Sets what differs; best before the interface is switched on, when the kernel begins to ask for routers.
    func prepare() {
        for (name, value) in Self.wanted(link) {
            guard let present = RouterSettings.value(name, link), present != value,
                // A 2 accepts everywhere.
                name != "accept_ra" || present != 2
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

    /// Takes the kernel's present description.
    func update(
        _ fresh: Link, _ all: [LinkAddress6], _ routes: inout RouteSocket, at now: Duration
    ) {
        let hadCarrier = link.hasCarrier && link.carrierUps == fresh.carrierUps
        link = fresh
        addresses = all.filter { $0.index == fresh.index }
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
        let flags = fresh.router ?? []
        perform(
            .wanted(
                flags.contains(.managed)
                    ? .addresses : flags.contains(.other) ? .information : .nothing),
            &routes, at: now)
        if let held = machine.held,
            addresses.contains(where: { $0.address == held.address.address && $0.isDuplicate })
        {
            perform(.addressInUse, &routes, at: now)
        }
        lacksAddress = true
        repair(&routes, at: now)
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
            perform(.received(message), &routes, at: now)
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
        for address in addresses where leased.contains(address.address) {
            try? routes.removeAddress(address, link)
        }
        leased = []
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
                leased.insert(held.address.address)
                lacksAddress = true
                nextRepairAt = now
            case .dropAddress:
                lacksAddress = true
                nextRepairAt = now
                informed = nil
            case .inform(let answer): informed = answer
            case .note(let note): record(note, at: now)
            }
        }
    }

    private func record(_ note: DHCPv6Machine.Note, at now: Duration) {
        switch note {
        case .tried(let kind, let count): journal.detail("DHCPv6 \(kind) sent (try \(count))")
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

    /// Gives the interface the address that it is to have, and takes others of DHCPv6 away.
    private func repair(_ routes: inout RouteSocket, at now: Duration) {
        guard lacksAddress || (nextRepairAt.map { $0 <= now } ?? false) else { return }
        lacksAddress = false
        nextRepairAt = nil
        guard link.isUp else { return }
        let wanted = machine.held.map { $0.linkAddress(on: link, at: now) }
        do throws(SystemError) {
            for address in addresses
            where leased.contains(address.address) && address.address != wanted?.address {
                try routes.removeAddress(address, link)
            }
            guard let wanted else { return }
            let there = addresses.first { $0.address == wanted.address }
            // The kernel counts whole seconds, and tells about each change of a lifetime.
            if let there, Self.isNear(there.valid, wanted.valid),
                Self.isNear(there.preferred, wanted.preferred)
            {
                return
            }
            try routes.setAddress(wanted, link)
        } catch {
            if lastError != error.description { journal.change(error.description, at: now) }
            lastError = error.description
            nextRepairAt = now + .seconds(5)
        }
    }

    private static func isNear(_ one: UInt32, _ other: UInt32) -> Bool {
        max(one, other) - min(one, other) <= 5
    }

    // MARK: What it has

    /// Global addresses first.
    private var usable: [LinkAddress6] {
        let good = addresses.filter { !$0.isDuplicate }
        return good.filter { !$0.address.isLinkLocal } + good.filter { $0.address.isLinkLocal }
    }

    /// For the name responder.
    var probedAddresses: [IPv6Address] { usable.filter { !$0.isTentative }.map(\.address) }

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

    /// {addresses: ["2001:db8::5/64", …], dns, routerHeardAt, dhcp: where DHCPv6 stands, leased, leaseEndsAt,
    /// tries, settings: what the kernel's were before davit, lastError}. Times are milliseconds since boot.
    var json: JSON {
        [
            "addresses": .array(usable.map { .string("\($0.address)/\($0.prefixLength)") }),
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
