import Addresses
import JSONKit
import LinuxKit
import NetworkCore
import Recorder

/// One interface: its machine, its packet socket, and the effects of the one through the other and the kernel.
final class Interface {
    private(set) var link: Link
    private var machine: DHCPMachine
    private let packets: PacketSocket
    private let files: InterfaceState
    private let options: NetworkOptions
    private let journal: Journal
    private var random = UrgentRandom()

    /// Addresses that davit gave this interface, in this run or an earlier one.
    private var formerly: Set<IPv4Address> = []
    /// The message that is being handled; when it makes a lease it is kept for a later run.
    private var answer: DHCPMessage?
    private var broughtUp: Bool
    private let firstSeenAt: Duration
    private var nextSwitchAt: Duration
    private let originalMTU: UInt32

    private var needsRepair = true
    private var repairAt: Duration?
    private var lastRepairAt: Duration?
    private var failedRepairs = 0
    /// Whether the kernel has what the lease says.
    private(set) var isConfigured = false

    private var since: Duration
    private var shownPhase: DHCPMachine.Phase?
    private var lastError: String?
    private var lastErrorAt: Duration?
    private var counters = Counters()
    private var isChanged = true
    /// Whether the lease has changed since `takeLeaseChange()`.
    private var leaseChanged = true

    /// Events since the interface was first seen.
    struct Counters {
        var sent = 0
        var received = 0
        var ignored = 0
        var malformed = 0
        var leases = 0
        var renewals = 0
        var refusals = 0
        var carrierLosses = 0
        var repairs = 0

        var json: JSON {
            [
                "sent": .number(sent), "received": .number(received), "ignored": .number(ignored),
                "malformed": .number(malformed), "leases": .number(leases),
                "renewals": .number(renewals), "refusals": .number(refusals),
                "carrierLosses": .number(carrierLosses), "repairs": .number(repairs),
            ]
        }
    }

    init(
        _ link: Link, _ hardwareAddress: HardwareAddress, options: NetworkOptions, at now: Duration
    ) throws(SystemError) {
        self.link = link
        self.options = options
        packets = try PacketSocket(link, port: 68)
        files = InterfaceState(interface: link.name)
        journal = Journal(interface: link.name, isVerbose: options.isVerbose)
        firstSeenAt = now
        nextSwitchAt = now
        since = now
        originalMTU = link.mtu

        let earlier = files.earlier(hardwareAddress, at: now)
        broughtUp = earlier.broughtUp
        if let address = earlier.address { formerly.insert(address) }
        var configuration = DHCPMachine.Configuration(hardwareAddress: hardwareAddress)
        configuration.hostName = options.hostName
        machine = DHCPMachine(configuration, held: earlier.held)
        if let held = earlier.held {
            journal.detail("takes up the lease of \(held.lease.prefix) from an earlier run")
        }
    }

    /// Whether it has what a server confirmed in this run, rather than what is left of an earlier one.
    var isReady: Bool {
        switch machine.phase {
        case .bound, .renewing, .rebinding: isConfigured
        case .noCarrier, .selecting, .requesting, .rebooting, .declined: false
        }
    }

    var name: String { link.name }
    var lease: Lease? { machine.held?.lease }
    var descriptor: Int32 { packets.descriptor }

    /// Whether the lease has changed since it was asked last.
    func takeLeaseChange() -> Bool {
        defer { leaseChanged = false }
        return leaseChanged
    }

    /// When `timeReached` is to be called.
    var deadline: Duration? {
        let waitsToSwitch = link.isUp ? nil : nextSwitchAt
        return [machine.deadline, repairAt, waitsToSwitch].compactMap { $0 }.min()
    }

    // MARK: Events

    /// Takes the kernel's present description of the interface.
    func update(_ fresh: Link, _ routes: inout RouteSocket, at now: Duration) {
        let before = link
        link = fresh
        if before != fresh { isChanged = true }
        if !fresh.isUp { switchOn(&routes, at: now) }
        if !fresh.hasCarrier, machine.phase != .noCarrier {
            counters.carrierLosses += 1
            journal.change("lost its carrier", at: now)
            perform(.carrierDown, &routes, at: now)
        } else if fresh.hasCarrier, machine.phase == .noCarrier {
            journal.change("has a carrier", at: now)
            perform(.carrierUp, &routes, at: now)
        } else if fresh.hasCarrier, fresh.carrierUps != before.carrierUps {
            counters.carrierLosses += 1
            journal.change("lost its carrier for a moment", at: now)
            perform(.carrierUp, &routes, at: now)
        }
    }

    /// Reads the packets that have come, a bounded number so that a flood on one interface leaves the others their turn.
    func receive(_ routes: inout RouteSocket, at now: Duration) {
        for _ in 0..<64 {
            let packet: PacketSocket.Packet
            do throws(SystemError) {
                guard let next = try packets.receive() else { return }
                packet = next
            } catch {
                // The interface went down; its carrier says so too.
                return
            }
            guard !packet.isFromVLAN else { continue }
            counters.received += 1
            guard
                let datagram = try? UDPPacket(
                    parsing: packet.bytes[...], checksumIsVouchedFor: packet.checksumIsVouchedFor),
                let message = try? DHCPMessage(parsing: datagram.payload[...])
            else {
                counters.malformed += 1
                continue
            }
            answer = message
            perform(.received(message), &routes, at: now)
            answer = nil
        }
    }

    func timeReached(_ routes: inout RouteSocket, at now: Duration) {
        if !link.isUp { switchOn(&routes, at: now) }
        if let deadline = machine.deadline, deadline <= now {
            perform(.timeReached, &routes, at: now)
        }
        if let due = repairAt, due <= now { needsRepair = true }
    }

    /// Ends the work on the interface.
    func stop(_ routes: inout RouteSocket, at now: Duration) {
        guard options.releasesOnExit else {
            write("stopped")
            return
        }
        do throws(SystemError) {
            try release(&routes)
            journal.change("released: address and routes are gone", at: now)
        } catch {
            fail(error.description, at: now)
        }
        try? files.forgetLease()
        write("stopped", released: true)
    }

    private func release(_ routes: inout RouteSocket) throws(SystemError) {
        for step in try steps(to: nil, &routes) { try carryOut(step, &routes) }
        if link.mtu != originalMTU { try routes.setMTU(originalMTU, link) }
        if broughtUp { try routes.setUp(false, link) }
        broughtUp = false
    }

    /// The interface is gone from the machine; what is known of its lease stays for its return.
    func vanished(at now: Duration) {
        journal.change("vanished; waiting for it to return", at: now)
        write("absent")
    }

    /// The interface got another name.
    func renamed(to fresh: String) {
        journal.detail("is called \(fresh) now")
        try? files.remove()
    }

    // MARK: The link

    /// How long udev may take to name an interface before it is switched on all the same.
    private static let udevPatience = Duration.seconds(3)

    private func switchOn(_ routes: inout RouteSocket, at now: Duration) {
        guard nextSwitchAt <= now else { return }
        guard Udev.isDone(with: link) || now - firstSeenAt >= Self.udevPatience else {
            nextSwitchAt = now + .milliseconds(50)
            return
        }
        // Somebody may switch it off again and again; twice a minute is not a fight.
        nextSwitchAt = now + .seconds(2)
        do throws(SystemError) {
            try routes.setUp(true, link)
            if !broughtUp { journal.detail("switched on") }
            broughtUp = true
            isChanged = true
        } catch {
            fail(error.description, at: now)
        }
    }

    // MARK: Effects

    private func perform(
        _ event: DHCPMachine.Event, _ routes: inout RouteSocket, at now: Duration
    ) {
        for effect in machine.handle(event, at: now, using: &random) {
            switch effect {
            case .send(let message, let way): send(message, way, at: now)
            case .configure(let held): configure(held, at: now)
            case .dropAddress:
                isConfigured = false
                leaseChanged = true
                demandRepair()
                try? files.forgetLease()
            case .note(let note): record(note, at: now)
            }
        }
        if machine.phase != shownPhase {
            shownPhase = machine.phase
            since = now
        }
        isChanged = true
    }

    private func configure(_ held: HeldLease, at now: Duration) {
        formerly.insert(held.lease.address)
        leaseChanged = true
        demandRepair()
        guard let answer else { return }
        do throws(SystemError) { try files.keep(answer) } catch {
            fail(error.description, at: now)
        }
    }

    private func send(_ message: DHCPMessage, _ way: DHCPMachine.Way, at now: Duration) {
        counters.sent += 1
        do throws(SystemError) {
            switch way {
            case .broadcast(let source): try broadcast(message, from: source)
            case .unicast(let source, let server):
                // The kernel's own UDP finds the way and the hardware address, also through a gateway, and keeps them fresh.
                do throws(SystemError) {
                    let sender = try DatagramSender(link, from: source, port: 68)
                    try sender.send(message.encoded, to: server, port: 67)
                } catch {
                    fail(error.description, at: now)
                    try broadcast(message, from: source)
                }
            }
        } catch {
            fail(error.description, at: now)
        }
    }

    private func broadcast(
        _ message: DHCPMessage, from source: IPv4Address
    ) throws(SystemError) {
        let packet = UDPPacket(
            from: source, port: 68, to: .broadcast, port: 67, payload: message.encoded)
        try packets.send(packet.encoded, to: .broadcast)
    }

    private func record(_ note: DHCPMachine.Note, at now: Duration) {
        switch note {
        case .tried, .offered: break
        case .bound: counters.leases += 1
        case .renewed: counters.renewals += 1
        case .refused, .expired, .declined: counters.refusals += 1
        case .ignored: counters.ignored += 1
        }
        if case .bound = note { lastError = nil }
        if case .refused(let server, let words) = note {
            let reason = words.map { ": \($0)" } ?? ""
            lastError = "\(server?.description ?? "A server") refused the address\(reason)."
            lastErrorAt = now
        }
        journal.record(note, tries: machine.tries, at: now)
    }

    // MARK: Repair

    /// What the kernel has may have changed.
    func demandCheck() { needsRepair = true }

    private func demandRepair() {
        needsRepair = true
        lastRepairAt = nil
        failedRepairs = 0
    }

    /// The least time between two repairs, so that two programs that want different things do not make the machine spin.
    private static let repairPause = Duration.milliseconds(250)

    /// Compares what the kernel has with what the lease says, and does the difference.
    func repair(_ routes: inout RouteSocket, at now: Duration) {
        guard needsRepair else { return }
        if let lastRepairAt, now < lastRepairAt + Self.repairPause {
            repairAt = lastRepairAt + Self.repairPause
            return
        }
        needsRepair = false
        repairAt = nil
        let wanted = machine.held.map {
            InterfacePlan.Wanted($0, at: now, largestMTU: link.largestMTU)
        }
        do throws(SystemError) {
            // An interface that is switched off takes addresses and no routes; it is repaired once it is on.
            let steps = link.isUp ? try steps(to: wanted, &routes) : []
            if isConfigured, !steps.isEmpty {
                counters.repairs += 1
                journal.change("repairs what was changed: \(steps.count) steps", at: now)
            }
            var failure: SystemError?
            for step in steps {
                // One step that fails does not keep the others from being done.
                do throws(SystemError) { try carryOut(step, &routes) } catch { failure = error }
            }
            if !steps.isEmpty { lastRepairAt = now }
            if let failure { throw failure }
            failedRepairs = 0
            let isDone = wanted != nil && link.isUp
            if isDone != isConfigured { isChanged = true }
            if isDone, !isConfigured, let wanted {
                lastError = nil
                writeNetConf(at: now)
                journal.detail("configured with \(wanted.address.prefix)")
            }
            isConfigured = isDone
        } catch {
            isConfigured = false
            isChanged = true
            failedRepairs += 1
            repairAt = now + min(.seconds(30), .seconds(1) * (1 << min(failedRepairs - 1, 5)))
            fail(error.description, at: now)
        }
    }

    private func steps(
        to wanted: InterfacePlan.Wanted?, _ routes: inout RouteSocket
    ) throws(SystemError) -> [InterfacePlan.Step] {
        let addresses = try routes.addresses().filter { $0.index == link.index }
        let own = try routes.routes().filter {
            $0.index == link.index && $0.isFromDHCP && $0.metric == metric
        }
        let present = InterfacePlan.Present(
            addresses: addresses.map {
                .init($0.prefix, broadcast: $0.broadcast, validSeconds: $0.validSeconds)
            },
            routes: own.map(\.route), mtu: link.mtu)
        return InterfacePlan.steps(from: present, to: wanted, formerly: formerly)
    }

    /// One for each interface, so that the default routes of two stand side by side.
    private var metric: UInt32 { 1024 + UInt32(truncatingIfNeeded: link.index) }

    private func carryOut(
        _ step: InterfacePlan.Step, _ routes: inout RouteSocket
    ) throws(SystemError) {
        switch step {
        case .setMTU(let mtu): try routes.setMTU(mtu, link)
        case .removeRoute(let route): try routes.removeRoute(route, metric: metric, link)
        case .removeAddress(let prefix): try routes.removeAddress(prefix, link)
        case .setAddress(let address):
            let wanted = LinkAddress(
                index: link.index, prefix: address.prefix, broadcast: address.broadcast,
                validSeconds: address.validSeconds)
            try routes.setAddress(wanted, link)
        case .addRoute(let route):
            guard let source = lease?.address else { return }
            try routes.addRoute(route, metric: metric, source: source, link)
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
        guard let directory = options.netConfDirectory, let lease else { return }
        let text = NetworkFiles.netConf(
            interface: name, lease: lease, mtu: link.mtu, uptime: now)
        guard let text else { return }
        do throws(SystemError) {
            try Files.replace("\(directory)/net-\(name).conf", with: text)
        } catch {
            fail(error.description, at: now)
        }
    }

    /// Writes IF.json when something has changed since the last time.
    func writeState() {
        guard isChanged else { return }
        isChanged = false
        write(link.isUp ? machine.phase.rawValue : "down")
    }

    private func write(_ state: String, released: Bool = false) {
        let held = released ? nil : machine.held
        let lease = held?.lease
        func time(_ time: Duration?) -> JSON { JSON(time?.milliseconds) }
        try? files.write([
            "interface": .string(name), "mac": JSON(link.hardwareAddress?.description),
            "state": .string(state), "since": time(since), "carrier": .bool(link.hasCarrier),
            "configured": .bool(isConfigured && lease != nil),
            "address": JSON(lease?.prefix.description),
            "gateway": JSON(lease?.gateway?.description),
            "dns": .array(lease?.nameServers.map { .string($0.description) } ?? []),
            "domain": JSON(lease?.domain), "server": JSON(lease?.server.description),
            "leaseSeconds": JSON(lease?.duration?.components.seconds),
            "leaseObtainedAt": time(held?.obtainedAt), "renewAt": time(held?.renewAt),
            "leaseEndsAt": time(held?.endsAt), "tries": .number(machine.tries),
            "lastTryAt": time(machine.lastTryAt), "nextTryAt": time(machine.nextTryAt),
            "lastError": JSON(lastError), "lastErrorAt": time(lastErrorAt),
            "broughtUp": .bool(broughtUp), "pid": .number(Int(Host.pid)),
            "counters": counters.json,
        ])
    }
}
