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
    /// Kept open, so that the kernel does not tell servers that nobody listens on the port.
    private var sender: DatagramSender?
    private let files: InterfaceState
    private let options: NetworkOptions
    private let journal: Journal
    private var random = UrgentRandom()

    /// The message that is being handled; when it makes a lease it is kept for a later run.
    private var answer: DHCPMessage?
    private var broughtUp: Bool
    private let firstSeenAt: Duration
    private var nextSwitchAt: Duration
    private let originalMTU: UInt32

    private var upkeep = Upkeep()

    private var since: Duration
    private var shownPhase: DHCPMachine.Phase?
    private var lastError: String?
    private var lastErrorAt: Duration?
    private var counters = InterfaceCounters()
    private var isChanged = true
    /// Whether the lease has changed since `takeLeaseChange()`.
    private var leaseChanged = true

    init(
        _ link: Link, _ hardwareAddress: HardwareAddress, options: NetworkOptions, at now: Duration
    ) throws(SystemError) {
        self.link = link
        self.options = options
        packets = try PacketSocket(link, port: 68)
        // Another DHCP client may hold the port; it is tried again when it is needed.
        sender = try? DatagramSender(link, port: 68)
        files = InterfaceState(interface: link.name)
        journal = Journal(interface: link.name, isVerbose: options.isVerbose)
        firstSeenAt = now
        nextSwitchAt = now
        since = now

        let earlier = files.earlier(hardwareAddress, at: now)
        broughtUp = earlier.broughtUp
        originalMTU = earlier.originalMTU ?? link.mtu
        if let address = earlier.address { upkeep.formerly.insert(address) }
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
        case .bound, .renewing, .rebinding: upkeep.isConfigured
        case .noCarrier, .selecting, .requesting, .rebooting, .declined: false
        }
    }

    /// What it has or lacks, in words.
    var report: String {
        if isReady { return "has \(lease?.prefix.description ?? "an address")" }
        if !link.isUp { return "cannot be switched on" }
        return link.hasCarrier
            ? "no DHCP server has given an address" : "no carrier: is the cable in?"
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
        return [machine.deadline, upkeep.repairAt, waitsToSwitch].compactMap { $0 }.min()
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
            if broughtUp { try routes.setUp(false, link) }
            broughtUp = false
        } catch {
            failure = error
        }
        return failure
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
            // What counts for nothing is no reason to write a file, however much of it comes.
            if case .note(.ignored) = effect {} else { isChanged = true }
            switch effect {
            case .send(let message, let way): send(message, way, at: now)
            case .configure(let held): configure(held, at: now)
            case .dropAddress:
                leaseChanged = true
                upkeep.demandRepair()
                try? files.forgetLease()
            case .note(let note): record(note, at: now)
            }
        }
        if machine.phase != shownPhase {
            shownPhase = machine.phase
            since = now
            isChanged = true
        }
    }

    private func configure(_ held: HeldLease, at now: Duration) {
        upkeep.formerly.insert(held.lease.address)
        leaseChanged = true
        upkeep.demandRepair()
        guard let answer else { return }
        do throws(SystemError) { try files.keep(answer, obtainedAt: held.obtainedAt) } catch {
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
                    try unicast(message, from: source, to: server)
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

    private func unicast(
        _ message: DHCPMessage, from source: IPv4Address, to server: IPv4Address
    ) throws(SystemError) {
        if sender == nil { sender = try DatagramSender(link, port: 68) }
        try sender?.send(message.encoded, from: source, to: server, port: 67)
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
    func demandCheck() { upkeep.demandCheck() }

    /// Compares what the kernel has with what the lease says, and does the difference.
    func repair(_ routes: inout RouteSocket, at now: Duration) {
        let wasConfigured = upkeep.isConfigured
        let steps = upkeep.repair(link, to: machine.held, &routes, at: now)
        if wasConfigured != upkeep.isConfigured { isChanged = true }
        if let problem = upkeep.problem { fail(problem.description, at: now) }
        if wasConfigured, steps > 0 {
            counters.repairs += 1
            journal.change("somebody changed the address or the routes; repaired", at: now)
        }
        if upkeep.isConfigured, !wasConfigured, let lease {
            lastError = nil
            writeNetConf(at: now)
            journal.detail("configured with \(lease.prefix)")
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
            "configured": .bool(upkeep.isConfigured && lease != nil),
            "address": JSON(lease?.prefix.description),
            "gateway": JSON(lease?.gateway?.description),
            "dns": .array(lease?.nameServers.map { .string($0.description) } ?? []),
            "domain": JSON(lease?.domain), "server": JSON(lease?.server.description),
            "leaseSeconds": JSON(lease?.duration?.components.seconds),
            "leaseObtainedAt": time(held?.obtainedAt), "renewAt": time(held?.renewAt),
            "leaseEndsAt": time(held?.endsAt), "tries": .number(machine.tries),
            "lastTryAt": time(machine.lastTryAt), "nextTryAt": time(machine.nextTryAt),
            "lastError": JSON(lastError), "lastErrorAt": time(lastErrorAt),
            "broughtUp": .bool(broughtUp), "originalMTU": .number(Int(originalMTU)),
            "pid": .number(Int(Host.pid)),
            "counters": counters.json,
        ])
    }
}
