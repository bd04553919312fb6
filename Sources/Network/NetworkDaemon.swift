import Addresses
import JSONKit
import LinuxKit
import NetworkCore
import Recorder

/// The loop of `davit net`: the kernel's events and the time go to the interfaces, for ever.
package struct NetworkDaemon: ~Copyable {
    /// How it ended.
    package enum Outcome: Equatable, Sendable {
        /// With `once`: the interfaces named are configured, or one of all.
        case configured
        case timedOut
        /// By a signal.
        case stopped
    }

    private let options: NetworkOptions
    private let place: DaemonPlace
    private let recorder = Recorder(component: .net)
    private var routes: RouteSocket
    private let monitor: RouteMonitor
    private let signals: SignalDescriptor
    private var interfaces: [Interface] = []
    private let ipv6: IPv6Daemon
    private var awaited: Set<String> = []
    private var saidEmpty = false
    private var virtualLinks: VirtualLinks
    private var hardwareAddresses = HardwareAddresses()
    /// Who got the fixed address that is for the first.
    private var first: String?
    private var leftAlone: Set<String> = []
    private var nextListing = Duration.zero
    /// When each was said.
    private var problems: [String: Duration] = [:]
    /// Whether a resolv.conf could not be written.
    private var lacksResolvConf = false

    /// The kernel is asked what there is this often even when it says nothing: a message may be lost.
    private static let listingPeriod = Duration.seconds(10)

    /// - Throws: when the machine lets this process have no netlink or packet socket.
    package init(
        _ options: NetworkOptions, in place: consuming DaemonPlace
    ) throws(SystemError) {
        let signals = try SignalDescriptor([Signal.terminate, Signal.interrupt])
        let monitor = try RouteMonitor()
        var routes = try RouteSocket()
        // Without the right to have one it would fail on every interface: that is to be said at once.
        if let link = try routes.links().first { _ = try PacketSocket(link, port: 68) }
        self.options = options
        self.place = place
        self.signals = signals
        self.monitor = monitor
        self.routes = routes
        ipv6 = IPv6Daemon(options)
        virtualLinks = VirtualLinks(options.parameters)
        for complaint in options.parameters.complaints { say(complaint, .warning) }
    }

    /// Gives up for good what the loop does not need; to be called once everything is open that needs more.
    package func confine() {
        var outboxes: [String] = []
        if let directory = options.netConfDirectory { outboxes.append(directory) }
        if let path = options.resolvConf {
            let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            outboxes.append(directory.isEmpty ? "/" : directory)
        }
        let words = Confinement.confine(
            places: [InterfaceState.directory], outboxes: outboxes,
            settings: [
                Recorder.path, Roots.proc + "/sys/net/ipv6/conf", Roots.dev + "/kmsg",
                PersistentMemory.path,
            ])
        recorder.record("confined: \(words)", .detail, Event(.confined))
    }

    /// Runs until a signal, or with `once` until the network is configured or the time is over.
    /// - Parameter deadline: with `once`, when to give up; `nil`: never.
    package mutating func run(until deadline: Duration?) throws(SystemError) -> Outcome {
        while true {
            if nextListing <= Clock.now { list() }
            turn()
            if options.once, isConfigured(at: Clock.now) { return .configured }
            if options.once, let deadline, deadline <= Clock.now { return .timedOut }

            var deadlines = interfaces.map(\.deadline) + [nextListing, deadline, ipv6.deadline]
            let now = Clock.now
            deadlines += interfaces.map(\.readiness.deadline).map { time in
                time.flatMap { $0 > now ? $0 : nil }
            }
            var interests: [Poll.Interest] = [
                .init(signals.number, .input), .init(monitor.descriptor, .input),
            ]
            let heard = interfaces.flatMap { interface in
                interface.descriptors.map { (interface, Poll.Interest($0, .input)) }
            }
            interests += heard.map(\.1)
            interests += ipv6.descriptors.map { .init($0, .input) }
            let events = try Poll.wait(interests, until: deadlines.compactMap { $0 }.min())

            if events[0].isReadable, signals.next() != nil {
                stop()
                return .stopped
            }
            if events[1].isReadable, monitor.drain() { list() }
            for ((interface, _), event) in zip(heard, events.dropFirst(2)) where event.isReadable {
                interface.receive(at: Clock.now)
            }
            if events.dropFirst(2 + heard.count).contains(where: \.isReadable) {
                ipv6.receive(&routes, at: Clock.now)
                let spoken = ipv6.takeRoutersHeard()
                for interface in interfaces where spoken.contains(interface.link.index) {
                    interface.heardSignOfLife(at: Clock.now)
                }
            }
        }
    }

    /// What each interface has or lacks, in words, for a person who has waited.
    package var report: [String] {
        let lines =
            interfaces.map { "\($0.name): \($0.readiness.words(at: Clock.now))" }
            + awaited.sorted().map { "\($0): there is no such interface" }
            + unusable.map { "\($0): it cannot be used; 'davit log' says why" }
        return lines.isEmpty ? ["there is no Ethernet interface"] : lines
    }

    private func isConfigured(at now: Duration) -> Bool {
        options.interfaces.isEmpty
            ? interfaces.contains { $0.readiness.isReady(at: now) }
            : awaited.isEmpty && unusable.isEmpty && !interfaces.isEmpty
                && interfaces.allSatisfy { $0.readiness.isReady(at: now) }
    }

    /// Interfaces that were named, are there, and could not be taken on, such as a tunnel.
    private var unusable: [String] {
        options.interfaces.filter { name in
            !awaited.contains(name) && !leftAlone.contains(name)
                && !interfaces.contains { $0.name == name }
        }
    }

    /// Everything whose time has come, then everything that has changed.
    private mutating func turn() {
        for interface in interfaces {
            let now = Clock.now
            if let deadline = interface.deadline, deadline <= now {
                interface.timeReached(&routes, at: now)
            }
            interface.repair(&routes, at: now)
        }
        ipv6.turn(&routes, at: Clock.now)
        // After the address is in place: whoever waits for the files may use it at once.
        let changed = interfaces.filter { $0.takeLeaseChange() }
        if ipv6.takeChange() || !changed.isEmpty { writeResolvConf() }
        for interface in interfaces {
            interface.ipv6 = ipv6[interface.link.index]
            interface.learned = ipv6.json(of: interface.link.index)
            interface.writeState()
        }
    }

    private mutating func stop() {
        for interface in interfaces { interface.stop(&routes, at: Clock.now) }
        if options.releasesOnExit {
            ipv6.release(&routes)
            interfaces = []
            if let links = try? routes.links() {
                hardwareAddresses.restore(among: links, &routes)
                virtualLinks.remove(among: links, &routes)
            }
            writeResolvConf()
        }
    }

    // MARK: Interfaces come and go

    private mutating func list() {
        let now = Clock.now
        nextListing = now + Self.listingPeriod
        let links: [Link]
        do throws(SystemError) { links = try routes.links() } catch {
            complain(error.description)
            nextListing = now + .seconds(1)
            return
        }
        let made = virtualLinks.make(among: links, &routes)
        for words in made.words { say(words) }
        // What was made is announced by the kernel; a part that failed is tried again soon.
        if made.isChanged { nextListing = now + .milliseconds(100) }
        var wanted: [Link] = []
        for link in links where isWanted(link) { wanted.append(link) }
        var rules: [Int32: StaticAddress] = [:]
        for link in wanted { rules[link.index] = rule(for: link) }
        let changed = hardwareAddresses.give(rules, to: wanted, &routes, at: now)
        for words in changed.words { say(words) }
        // The interfaces begin with the address that they are to have: the kernel says when.
        if changed.isChanged {
            nextListing = now
            return
        }
        ipv6.update(wanted, rules, &routes, at: now)
        interfaces = interfaces.filter { interface in
            if let same = wanted.first(where: { $0.index == interface.link.index }),
                same.name == interface.name,
                same.hardwareAddress == interface.link.hardwareAddress
            {
                return true
            }
            switch links.first(where: { $0.index == interface.link.index }) {
            case nil: interface.vanished(at: now)
            case let other? where other.name != interface.name: interface.renamed(to: other.name)
            case _?: interface.vanished("has another hardware address; begins anew", at: now)
            }
            return false
        }
        for link in wanted {
            if let known = interfaces.first(where: { $0.link.index == link.index }) {
                known.update(link, &routes, at: now)
                known.demandCheck(at: now)
            } else {
                begin(link, at: now)
            }
        }
        giveToTheFirst(at: now)
        if lacksResolvConf { writeResolvConf() }
        let own = Set(links.compactMap(\.hardwareAddress))
        for interface in interfaces { interface.siblings = own }
        awaitMissing(among: links)
    }

    private mutating func isWanted(_ link: Link) -> Bool {
        let parameters = options.parameters
        let isNamed = (options.interfaces + parameters.interfaces).contains(link.name)
        let isPart = parameters.bonds.contains { $0.parts.contains(link.name) }
        guard
            options.interfaces.isEmpty
                ? isNamed || link.isPhysicalEthernet && !isPart
                : options.interfaces.contains(link.name)
        else { return false }
        guard parameters.address(of: link.name)?.method == .off else { return true }
        if leftAlone.insert(link.name).inserted {
            say("\(link.name): left alone, as ip= on the kernel's command line says")
            try? InterfaceState(interface: link.name).write([
                "interface": .string(link.name), "state": "off", "carrier": .bool(link.hasCarrier),
                "since": .number(Int(Clock.now.milliseconds)),
            ])
        }
        return false
    }

    /// Gives the fixed address that is for no interface by its name to the first that has a carrier. It stays there as long as there is
    /// that interface, also without a carrier: a switch that restarts must not send the address into another network.
    private mutating func giveToTheFirst(at now: Duration) {
        if let name = first, !interfaces.contains(where: { $0.name == name }) { first = nil }
        guard first == nil, let rule = options.parameters.addressOfTheFirst,
            let chosen = interfaces.first(where: {
                $0.link.hasCarrier && options.parameters.address(of: $0.name) == nil
            })
        else { return }
        first = chosen.name
        chosen.take(rule, at: now)
        // IPv6 takes it with the next listing.
        nextListing = now
    }

    /// What the kernel's command line says of an interface.
    private func rule(for link: Link) -> StaticAddress? {
        options.parameters.address(of: link.name)
            ?? (first == link.name ? options.parameters.addressOfTheFirst : nil)
    }

    private mutating func begin(_ link: Link, at now: Duration) {
        guard let hardwareAddress = link.hardwareAddress else {
            complain("\(link.name): it is no Ethernet interface, so DHCP cannot be used on it.")
            return
        }
        do throws(SystemError) {
            let interface = try Interface(
                link, hardwareAddress, rule: rule(for: link), options: options, at: now)
            interfaces.append(interface)
            interface.update(link, &routes, at: now)
        } catch {
            // It may have vanished again; the next listing tries anew.
            complain(error.description)
            nextListing = now + .seconds(1)
        }
    }

    /// Says once which named interfaces are not there, or that there is none at all.
    private mutating func awaitMissing(among links: [Link]) {
        let names =
            options.interfaces.isEmpty ? options.parameters.interfaces : options.interfaces
        let missing = Set(names).subtracting(links.map(\.name))
        for name in missing.subtracting(awaited).sorted() {
            let others = links.map(\.name).joined(separator: ", ")
            try? InterfaceState(interface: name).write([
                "interface": .string(name), "state": "absent", "carrier": false,
                "since": .number(Int(Clock.now.milliseconds)),
                "lastError": .string(
                    virtualLinks.failure(of: name) ?? "There is no such interface."),
            ])
            say("\(name): there is no such interface; waiting for it. There are: \(others).")
        }
        awaited = missing
        let isEmpty = names.isEmpty && interfaces.isEmpty && leftAlone.isEmpty
        if isEmpty, !saidEmpty {
            let others = links.map(\.name).joined(separator: ", ")
            say("there is no Ethernet interface; waiting for one. There are: \(others).")
        }
        saidEmpty = isEmpty
    }

    // MARK: Words and files

    /// Says a problem that is met again and again once in ten minutes.
    private mutating func complain(_ words: String) {
        let now = Clock.now
        problems = problems.filter { now - $0.value < .seconds(600) }
        if problems[words] == nil { say(words) }
        problems[words] = problems[words] ?? now
    }

    private func say(_ words: String, _ importance: Recorder.Importance = .notice) {
        recorder.record("\(words)", importance)
        if options.isVerbose {
            Output.line(words)
        } else if Output.isErrorTerminal {
            Output.error("davit net: \(words)")
        }
    }

    private mutating func writeResolvConf() {
        let text = NetworkFiles.resolvConf(
            interfaces.compactMap(\.lease), ipv6.learned, named: options.parameters.nameServers)
        let paths = [InterfaceState.directory + "/resolv.conf", options.resolvConf]
        lacksResolvConf = false
        for path in paths.compactMap({ $0 }) {
            do throws(SystemError) { try Files.replace(path, with: text) } catch {
                lacksResolvConf = true
                complain(error.description)
            }
        }
    }
}
