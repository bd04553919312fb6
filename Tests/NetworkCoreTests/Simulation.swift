import Addresses
import NetworkCore
import Seeds

/// A machine, a network that loses, doubles, delays and so reorders packets, DHCP servers that are away at times, and other
/// machines that use addresses which are not theirs; all of it from one seed. It checks at every step what must hold at every
/// step, and gathers what broke.
struct Simulation {
    struct Network {
        /// Of 100 packets, how many are lost and how many come twice.
        var lost = 0
        var doubled = 0
        var slowest = Duration.milliseconds(20)
        /// Whether a relay loses what goes to an address that nobody has yet, so that only answers to everybody arrive.
        var losesUnicast = false
    }

    enum Change {
        case serverUp(Int), serverDown(Int), serverForgets(Int), otherPool(Int)
        case carrierUp, carrierDown
        /// The machine sleeps, and its clock is this much further when it wakes.
        case clockJump(Duration)
        /// Another machine begins or ceases to use this address, and speaks every half minute. Every second one is as Linux is: it
        /// answers probes, and is silent when somebody else says that the address is theirs.
        case squatterComes(IPv4Address), squatterGoes(IPv4Address), squatterSpeaks(IPv4Address)
        /// The same with the address that this machine has just then.
        case squatterTakesOurs
    }

    private enum Packet {
        case dhcp(DHCPMessage)
        case arp(ARPPacket)
    }

    var network = Network()
    var servers: [SimulatedServer]
    private(set) var machine: IPv4Machine
    private var random: SeededRandom
    private(set) var now = Duration.seconds(1)
    private var toOthers: [(at: Duration, packet: Packet)] = []
    private var toClient: [(at: Duration, packet: Packet)] = []
    /// The latest first.
    private var changes: [(at: Duration, what: Change)] = []
    private(set) var hasCarrier = false
    /// By address whether they insist on it.
    private var squatters: [IPv4Address: Bool] = [:]
    private var nextInsists = false

    /// What the interface has by the effects, as the kernel would see it.
    private(set) var configured: HeldLease?
    private(set) var sentAt: [Duration] = []
    private(set) var boundAt: [Duration] = []
    private(set) var declines = 0
    private(set) var linkLocals = 0
    private(set) var broken: [String] = []
    /// Since when a server could be reached and there is no address; `nil` otherwise. And the longest such time.
    private var waitingSince: Duration?
    private(set) var longestWait = Duration.zero
    private var nakedSince: Duration?
    private var duplicateSince: Duration?
    private var probingSince: Duration?
    /// How long an address was another machine's, too, and how long after a word of that machine had come.
    private(set) var longestDuplicate = Duration.zero
    private var heardSince: Duration?
    private(set) var longestAfterAWord = Duration.zero
    /// How often an address was taken into use that another machine had.
    private(set) var wrongChoices = 0

    static let mac = HardwareAddress(bytes: [2, 0, 0, 0, 0, 1]) ?? .broadcast
    static let squatterMAC = HardwareAddress(bytes: [2, 0, 0, 0, 0, 66]) ?? .broadcast

    init(seed: UInt64, servers: [SimulatedServer] = [SimulatedServer(1, pool: 10)]) {
        random = SeededRandom(seed)
        self.servers = servers
        machine = IPv4Machine(.dhcp(DHCPMachine(.init(hardwareAddress: Self.mac))), for: Self.mac)
    }

    mutating func plan(_ what: Change, at time: Duration) {
        let place = changes.lastIndex { $0.at > time }.map { $0 + 1 } ?? 0
        changes.insert((time, what), at: place)
    }

    /// Goes on from event to event.
    mutating func run(until end: Duration) {
        while true {
            let times = [
                changes.last?.at, toOthers.first?.at, toClient.first?.at, machine.deadline,
            ]
            guard let next = times.compactMap({ $0 }).min(), next <= end else { break }
            now = max(now, next)
            if let change = changes.last, change.at <= now {
                changes.removeLast()
                apply(change.what)
            } else if let packet = toOthers.first, packet.at <= now {
                toOthers.removeFirst()
                deliver(packet.packet)
            } else if let packet = toClient.first, packet.at <= now {
                toClient.removeFirst()
                guard hasCarrier else { continue }
                switch packet.packet {
                case .dhcp(let message): feed(.received(message))
                case .arp(let packet):
                    if packet.sender == configured?.lease.address { heardSince = heardSince ?? now }
                    feed(.heard(packet))
                }
            } else {
                feed(.timeReached)
            }
            check()
        }
        now = max(now, end)
    }

    private mutating func apply(_ change: Change) {
        switch change {
        case .serverUp(let which): servers[which].isUp = true
        case .serverDown(let which): servers[which].isUp = false
        case .serverForgets(let which): servers[which].forget()
        case .otherPool(let which): servers[which].changePool()
        case .carrierUp:
            hasCarrier = true
            feed(.carrierUp)
        case .carrierDown:
            hasCarrier = false
            feed(.carrierDown)
        case .clockJump(let further):
            now += further
            (waitingSince, nakedSince, duplicateSince) = (nil, nil, nil)
            (heardSince, probingSince) = (nil, nil)
            feed(.timeReached)
        case .squatterComes(let address):
            squatters[address] = nextInsists
            nextInsists.toggle()
            apply(.squatterSpeaks(address))
        case .squatterGoes(let address): squatters[address] = nil
        case .squatterSpeaks(let address):
            guard squatters[address] != nil else { return }
            say(.announcement(of: address, by: Self.squatterMAC))
            plan(.squatterSpeaks(address), at: now + .seconds(30))
        case .squatterTakesOurs:
            guard let address = configured?.lease.address else { return }
            apply(.squatterComes(address))
            plan(.squatterGoes(address), at: now + .seconds(7200))
        }
    }

    private mutating func feed(_ event: IPv4Machine.Event) {
        let before = machine.deadline
        let effects = machine.handle(event, at: now, using: &random)
        if case .timeReached = event, effects.isEmpty, machine.deadline == before, let before,
            before <= now
        {
            broken.append("\(now): nothing happens at the deadline, for ever")
        }
        for effect in effects {
            switch effect {
            case .send(let message, _):
                sentAt.append(now)
                if message.kind == .decline { declines += 1 }
                // To servers that are all away nothing needs to be carried, for days of simulated time.
                if servers.contains(where: \.isUp) { carry(.dhcp(message), to: \.toOthers) }
            case .sendARP(let packet):
                if !squatters.isEmpty { carry(.arp(packet), to: \.toOthers) }
            case .configure(let held):
                let isNew = configured?.lease.address != held.lease.address
                if isNew, squatters[held.lease.address] != nil { wrongChoices += 1 }
                configured = held
                boundAt.append(now)
            case .dropAddress: configured = nil
            case .claim(.tookLinkLocal): linkLocals += 1
            case .changeLinkLocal, .probe, .note, .claim: break
            }
        }
    }

    private mutating func check() {
        if configured != machine.held { broken.append("\(now): interface and machine disagree") }
        if let configured, configured.hasEnded(at: now - .milliseconds(1)) {
            broken.append("\(now): the address stays after its lease")
        }
        let isWaiting = configured == nil && hasCarrier && servers.contains(where: \.isUp)
        Self.measure(isWaiting, &waitingSince, &longestWait, at: now)
        let isDuplicate =
            configured.map { squatters[$0.lease.address] != nil } == true && hasCarrier
        Self.measure(isDuplicate, &duplicateSince, &longestDuplicate, at: now)
        if !isDuplicate { heardSince = nil }
        if let heardSince { longestAfterAWord = max(longestAfterAWord, now - heardSince) }
        checkDeadlines()
        var probing = Duration.zero
        Self.measure(machine.phase == .probing, &probingSince, &probing, at: now)
        if probing > .seconds(3) { broken.append("\(now): probes since \(probing)") }

        if configured != nil, machine.linkLocal != nil, hasCarrier {
            broken.append("\(now): an address of its own choice beside a lease")
        }
        var never = Duration.zero
        let isNaked = configured == nil && machine.linkLocal == nil && hasCarrier
        Self.measure(isNaked, &nakedSince, &never, at: now)
        if never > .seconds(23) { broken.append("\(now): without any address for \(never)") }

        // The budget's burst may come on top within one minute.
        if sentAt.count > 28, let last = sentAt.last,
            last - sentAt[sentAt.count - 29] < .seconds(60)
        {
            broken.append("\(now): 29 packets within a minute")
        }
    }

    private mutating func checkDeadlines() {
        guard hasCarrier, let phase = machine.phase else { return }
        if machine.deadline == nil, configured?.endsAt != nil || configured == nil {
            broken.append("\(now): no deadline in \(phase)")
        }
        let searches = [.selecting, .requesting, .rebooting, .declined].contains(phase)
        if searches, let next = machine.nextTryAt, next > now + .seconds(8) {
            broken.append("\(now): the next try is \(next - now) away in \(phase)")
        }
    }

    /// Keeps since when something is so, and the longest time that it was.
    private static func measure(
        _ isSo: Bool, _ since: inout Duration?, _ longest: inout Duration, at now: Duration
    ) {
        if isSo { since = since ?? now }
        if let since { longest = max(longest, now - since) }
        if !isSo { since = nil }
    }

    // MARK: The network

    private mutating func carry(
        _ packet: Packet,
        to queue: WritableKeyPath<Simulation, [(at: Duration, packet: Packet)]>
    ) {
        guard hasCarrier else { return }
        // Through the wire's form, so that the codec is part of every conversation.
        let survives =
            switch packet {
            case .dhcp(let message):
                (try? DHCPMessage(parsing: message.encoded[...])) == message
            case .arp(let packet): ARPPacket(parsing: packet.encoded[...]) == packet
            }
        if !survives { broken.append("\(now): a message does not survive its own encoding") }
        let copies = Int.random(in: 0..<100, using: &random) < network.doubled ? 2 : 1
        for _ in 0..<copies where Int.random(in: 0..<100, using: &random) >= network.lost {
            let delay = Int64.random(in: 1...network.slowest.wholeMilliseconds, using: &random)
            self[keyPath: queue].append((now + .milliseconds(delay), packet))
        }
        self[keyPath: queue].sort { $0.at < $1.at }
    }

    private mutating func say(_ packet: ARPPacket) { carry(.arp(packet), to: \.toClient) }

    private mutating func deliver(_ packet: Packet) {
        switch packet {
        case .dhcp(let message):
            let isHeard =
                !network.losesUnicast || message.wantsBroadcast
                || message.clientAddress != .unspecified
            for which in servers.indices {
                guard let answer = servers[which].answer(to: message), isHeard else { continue }
                carry(.dhcp(answer), to: \.toClient)
            }
        case .arp(let packet):
            guard let insists = squatters[packet.target], insists || packet.sender != packet.target
            else { return }
            say(
                ARPPacket(
                    .reply, from: packet.target, at: Self.squatterMAC, to: packet.sender,
                    at: packet.senderHardware))
        }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
