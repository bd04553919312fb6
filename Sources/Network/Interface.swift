import Addresses
import JSONKit
import LinuxKit
import NetworkCore
import Recorder

/// One interface: its machine, its packet socket, and the effects of the one through the other and the kernel.
final class Interface {
    private(set) var link: Link
    private var machine: IPv4Machine
    /// What the kernel's command line says of it.
    private var rule: StaticAddress?
    private var wire: Wire
    private let files: InterfaceState
    private let options: NetworkOptions
    private let journal: Journal
    private var random = UrgentRandom()

    /// The message that is being handled, and the one that gave what is being probed for; what makes a lease is kept for a
    /// later run.
    private var answer: DHCPMessage?
    private var probedAnswer: DHCPMessage?
    /// The hardware addresses of this machine: what they say on the same link is nobody else's.
    var siblings: Set<HardwareAddress> = []
    private var power: LinkSwitch
    private let originalMTU: UInt32

    private var upkeep = Upkeep()

    private var since: Duration
    private var carrierSince: Duration?
    private var shownState: String?
    private var lastError: String?
    private var lastErrorAt: Duration?
    private var counters = InterfaceCounters()
    private var isChanged = true
    private var wasReady = false
    /// What could not be written: IF.json, net-IF.conf.
    private var lacks = (state: false, netConf: false)
    /// Whether the lease has changed since `takeLeaseChange()`.
    private var leaseChanged = true

    init(
        _ link: Link, _ hardwareAddress: HardwareAddress, rule: StaticAddress?,
        options: NetworkOptions, at now: Duration
    ) throws(SystemError) {
        self.link = link
        self.options = options
        wire = try Wire(link)
        files = InterfaceState(interface: link.name)
        journal = Journal(interface: link.name, isVerbose: options.isVerbose)
        since = now

        let earlier = files.earlier(hardwareAddress, at: now)
        power = LinkSwitch(broughtUp: earlier.broughtUp, at: now)
        originalMTU = earlier.originalMTU ?? link.mtu
        if let address = earlier.address { upkeep.formerly.insert(address) }
        if let address = earlier.linkLocal { upkeep.formerly.insert(address) }
        var configuration = DHCPMachine.Configuration(hardwareAddress: hardwareAddress)
        configuration.hostName = rule?.hostName ?? options.hostName
        if let identifier = options.clientIdentifier { configuration.clientIdentifier = identifier }
        configuration.pace.promise = options.retryCap
        machine = IPv4Machine(
            .dhcp(DHCPMachine(configuration, held: earlier.held)), for: hardwareAddress)
        if let rule, rule.method != .dhcp {
            take(rule, at: now)
        } else if let held = earlier.held {
            journal.detail("takes up the lease of \(held.lease.prefix) from an earlier run")
        }
    }

    /// What `--once` waits for.
    var readiness: Readiness {
        Readiness(
            link: link, machine: machine, isConfigured: upkeep.isConfigured, ipv6: ipv6,
            carrierSince: carrierSince, patience: options.retryCap, lastError: lastError)
    }

    /// IPv6 on the same interface.
    var ipv6: IPv6Interface? {
        didSet {
            machine.share(ipv6?.isSearching ?? false)
            ipv6?.share(machine.isSearching)
        }
    }

    /// Does from now on as the kernel's command line says.
    func take(_ rule: StaticAddress, at now: Duration) {
        self.rule = rule
        guard let hardware = link.hardwareAddress else { return }
        switch rule.method {
        case .dhcp: return
        case .fixed(let lease):
            upkeep.formerly.insert(lease.address)
            machine = IPv4Machine(.fixed(lease), for: hardware)
        case .linkLocal: machine = IPv4Machine(.linkLocal, for: hardware)
        case .none, .off: machine = IPv4Machine(.none, for: hardware)
        }
        leaseChanged = true
        upkeep.demandRepair()
        if link.hasCarrier { perform(.carrierUp, at: now) }
    }

    /// What IPv6 and the name responder have to say in the interface's file.
    var learned: (ipv6: JSON, name: JSON) = (.null, .null) {
        didSet { if learned != oldValue { isChanged = true } }
    }
    var name: String { link.name }
    var lease: Lease? { machine.held?.lease }
    var descriptors: [Int32] { wire.descriptors }

    /// Whether the lease has changed since it was asked last.
    func takeLeaseChange() -> Bool {
        defer { leaseChanged = false }
        return leaseChanged
    }

    /// When `timeReached` is to be called.
    var deadline: Duration? {
        [machine.deadline, upkeep.repairAt, link.isUp ? nil : power.nextAt].compactMap { $0 }.min()
    }

    // MARK: Events

    /// Takes the kernel's present description of the interface.
    func update(_ fresh: Link, _ routes: inout RouteSocket, at now: Duration) {
        let before = link
        link = fresh
        if before != fresh { isChanged = true }
        if !fresh.isUp { switchOn(&routes, at: now) }
        if !fresh.hasCarrier { carrierSince = nil } else { carrierSince = carrierSince ?? now }
        if !fresh.hasCarrier, machine.hasCarrier {
            counters.carrierLosses += 1
            journal.change("lost its carrier", at: now)
            perform(.carrierDown, at: now)
        } else if fresh.hasCarrier, !machine.hasCarrier {
            journal.change("has a carrier", at: now)
            perform(.carrierUp, at: now)
        } else if fresh.hasCarrier, fresh.carrierUps != before.carrierUps {
            counters.carrierLosses += 1
            carrierSince = now
            journal.change("lost its carrier for a moment", at: now)
            perform(.carrierUp, at: now)
        }
    }

    /// Reads what has come, a bounded number of packets so that a flood on one interface leaves the others their turn.
    func receive(at now: Duration) {
        for _ in 0..<64 {
            guard let arrival = wire.receive() else { break }
            switch arrival {
            case .otherVLAN: continue
            case .malformed:
                counters.received += 1
                counters.malformed += 1
            case .message(let message):
                counters.received += 1
                answer = message
                perform(.received(message), at: now)
                answer = nil
            }
        }
        for _ in 0..<64 {
            guard let sound = wire.hear() else { break }
            switch sound {
            case .otherVLAN: continue
            case .broadcast: perform(.signOfLife, at: now)
            case .arp(let bytes):
                guard let packet = ARPPacket(parsing: bytes[...]),
                    !siblings.contains(packet.senderHardware)
                else { continue }
                perform(.heard(packet), at: now)
            }
        }
    }

    /// Something was heard that shows that the link lives, such as a router advertisement.
    func heardSignOfLife(at now: Duration) { perform(.signOfLife, at: now) }

    func timeReached(_ routes: inout RouteSocket, at now: Duration) {
        if !link.isUp { switchOn(&routes, at: now) }
        if let deadline = machine.deadline, deadline <= now {
            perform(.timeReached, at: now)
        }
        if let due = upkeep.repairAt, due <= now { upkeep.demandCheck() }
    }

    /// Ends the work on the interface.
    func stop(_ routes: inout RouteSocket, at now: Duration) {
        guard options.releasesOnExit else {
            write("stopped")
            return
        }
        if let failure = release(&routes) {
            fail(failure.description, at: now)
        } else {
            journal.change("released: address and routes are gone", at: now)
        }
        try? files.forgetLease()
        write("stopped", released: true)
    }

    /// Takes away everything that can be taken away, and says what could not be.
    private func release(_ routes: inout RouteSocket) -> SystemError? {
        var failure = upkeep.removeAll(link, &routes)
        do throws(SystemError) {
            if link.mtu != originalMTU { try routes.setMTU(originalMTU, link) }
            if power.broughtUp { try routes.setUp(false, link) }
            power.broughtUp = false
        } catch {
            failure = error
        }
        return failure
    }

    /// The interface is gone from the machine; what is known of its lease stays for its return.
    func vanished(_ words: String = "vanished; waiting for it to return", at now: Duration) {
        journal.change(words, at: now)
        write("absent")
    }

    /// The interface got another name.
    func renamed(to fresh: String) {
        journal.detail("is called \(fresh) now")
        try? files.remove()
    }

    private func switchOn(_ routes: inout RouteSocket, at now: Duration) {
        let wasOurs = power.broughtUp
        do throws(SystemError) {
            guard try power.switchOn(link, &routes, at: now) else { return }
            if !wasOurs { journal.detail("switched on") }
            isChanged = true
        } catch {
            fail(error.description, at: now)
        }
    }

    // MARK: Effects

    private func perform(_ event: IPv4Machine.Event, at now: Duration) {
        for effect in machine.handle(event, at: now, using: &random) {
            // What counts for nothing is no reason to write a file, however much of it comes.
            if case .note(.ignored) = effect {} else { isChanged = true }
            switch effect {
            case .send(let message, let way):
                counters.sent += 1
                if let error = wire.send(message, way) { fail(error.description, at: now) }
            case .sendARP(let packet):
                do throws(SystemError) { try wire.send(packet) } catch {
                    fail(error.description, at: now)
                }
            case .probe(let held):
                probedAnswer = answer
                journal.detail("\(held.lease.server) gave \(held.lease.prefix); asks who has it")
            case .configure(let held): configure(held, at: now)
            case .dropAddress:
                leaseChanged = true
                upkeep.demandRepair()
                try? files.forgetLease()
            case .changeLinkLocal:
                if let address = machine.linkLocal { upkeep.formerly.insert(address) }
                upkeep.demandRepair()
            case .note(let note): record(note, at: now)
            case .claim(let note): record(note, at: now)
            }
        }
        do throws(SystemError) { try wire.watch(machine.watched) } catch {
            fail(error.description, at: now)
        }
        if state != shownState {
            shownState = state
            since = now
            isChanged = true
        }
    }

    /// Where it stands, in a word.
    private var state: String {
        guard link.isUp else { return "down" }
        return switch machine.source {
        case .dhcp(let dhcp): dhcp.phase.rawValue
        case .fixed: "static"
        case .linkLocal: "link-local"
        case .none: "ipv6"
        }
    }

    private func configure(_ held: HeldLease, at now: Duration) {
        upkeep.formerly.insert(held.lease.address)
        leaseChanged = true
        upkeep.demandRepair()
        let acknowledgement = answer ?? probedAnswer
        probedAnswer = nil
        guard let acknowledgement else { return }
        do throws(SystemError) {
            try files.keep(acknowledgement, obtainedAt: held.obtainedAt)
        } catch {
            fail(error.description, at: now)
        }
    }

    private func record(_ note: DHCPMachine.Note, at now: Duration) {
        counters.count(note)
        if case .bound = note { lastError = nil }
        if case .refused(let server, let words) = note {
            let reason = words.map { ": \($0)" } ?? ""
            lastError = "\(server?.description ?? "A server") refused the address\(reason)."
            lastErrorAt = now
        }
        journal.record(note, tries: machine.tries, at: now)
    }

    private func record(_ note: IPv4Machine.ClaimNote, at now: Duration) {
        counters.count(note)
        if case .gaveWay(let address, let owner) = note {
            lastError = "\(address) is in use by \(owner)."
            lastErrorAt = now
        }
        journal.record(note, at: now)
    }

    // MARK: Repair

    /// What the kernel has may have changed, and the place for the files may be there again.
    func demandCheck(at now: Duration) {
        upkeep.demandCheck()
        if lacks.netConf { writeNetConf(at: now) }
        if lacks.state { isChanged = true }
    }

    /// Compares what the kernel has with what the lease says, and does the difference.
    func repair(_ routes: inout RouteSocket, at now: Duration) {
        let wasConfigured = upkeep.isConfigured
        let steps = upkeep.repair(
            link, to: machine.held, linkLocal: machine.linkLocal, mtu: rule?.mtu, &routes,
            at: now)
        if wasConfigured != upkeep.isConfigured { isChanged = true }
        if let problem = upkeep.problem { fail(problem.description, at: now) }
        if wasConfigured, steps > 0 {
            counters.repairs += 1
            journal.change("somebody changed the address or the routes; repaired", at: now)
        }
        if upkeep.isConfigured, !wasConfigured, let lease {
            lastError = nil
            writeNetConf(at: now)
            if lease.isFixed {
                journal.change("has \(lease.prefix), as the kernel's command line says", at: now)
            } else {
                journal.detail("configured with \(lease.prefix)")
            }
        }
    }

    private func fail(_ words: String, at now: Duration) {
        if lastError != words { journal.change(words, at: now) }
        lastError = words
        lastErrorAt = now
        isChanged = true
    }

    // MARK: Files

    private func writeNetConf(at now: Duration) {
        guard let directory = options.netConfDirectory else { return }
        lacks.netConf = false
        do throws(SystemError) {
            try report(state).writeNetConf(in: directory, at: now)
        } catch {
            lacks.netConf = true
            fail(error.description, at: now)
        }
    }

    /// Writes IF.json when something has changed since the last time.
    func writeState() {
        let isReady = readiness.isReady(at: Clock.now)
        guard isChanged || isReady != wasReady else { return }
        (isChanged, wasReady) = (false, isReady)
        write(state)
    }

    private func write(_ state: String, released: Bool = false) {
        var report = report(state)
        report.isReleased = released
        // Where that cannot be written nothing can be said of it either.
        lacks.state = (try? files.write(report.json)) == nil
    }

    private func report(_ state: String) -> InterfaceReport {
        var report = InterfaceReport(name, state, readiness, at: Clock.now)
        report.since = since
        report.lastErrorAt = lastErrorAt
        report.broughtUp = power.broughtUp
        report.originalMTU = originalMTU
        report.learned = learned
        report.counters = counters
        return report
    }
}
