import Addresses
import NetworkCore

/// A machine, a network that loses, doubles, delays and so reorders packets, and a DHCP server that is away at times; all of
/// it from one seed. It checks at every step what must hold at every step, and gathers what broke.
struct Simulation {
    struct Network {
        /// Of 100 packets, how many are lost and how many come twice.
        var lost = 0
        var doubled = 0
        var slowest = Duration.milliseconds(20)
    }

    struct Server {
        var leaseSeconds: UInt32 = 3600
        /// The last byte of the addresses it gives: after a restart with another pool it refuses the old ones.
        var pool: UInt8 = 10
        /// Whether it remembers what it gave.
        var knows: Set<IPv4Address> = []
        /// Whether it refuses what it does not know, rather than keeping silent.
        var isAuthoritative = true
        var isUp = false
    }

    enum Change {
        case serverUp, serverDown, serverForgets, otherPool, carrierUp, carrierDown
    }

    var network = Network()
    var server = Server()
    private(set) var machine: DHCPMachine
    private var random: SeededRandom
    private(set) var now = Duration.seconds(1)
    private var toServer: [(at: Duration, message: DHCPMessage)] = []
    private var toClient: [(at: Duration, message: DHCPMessage)] = []
    private(set) var changes: [(at: Duration, what: Change)] = []
    private(set) var hasCarrier = false

    /// What the interface has by the effects, as the kernel would see it.
    private(set) var configured: HeldLease?
    private(set) var sentAt: [Duration] = []
    private(set) var boundAt: [Duration] = []
    private(set) var broken: [String] = []
    /// Since when a server could be reached and there is no address; `nil` otherwise. And the longest such time.
    private var waitingSince: Duration?
    private(set) var longestWait = Duration.zero

    init(seed: UInt64) {
        random = SeededRandom(seed)
        let mac = HardwareAddress(bytes: [2, 0, 0, 0, 0, 1]) ?? .broadcast
        machine = DHCPMachine(.init(hardwareAddress: mac))
    }

    mutating func plan(_ what: Change, at time: Duration) {
        changes.append((time, what))
        changes.sort { $0.at < $1.at }
    }

    /// Goes on from event to event.
    mutating func run(until end: Duration) {
        while true {
            let times = [changes.first?.at, toServer.first?.at, toClient.first?.at].compactMap {
                $0
            }
            guard let next = (times + [machine.deadline].compactMap { $0 }).min(), next <= end
            else { break }
            now = max(now, next)
            if let change = changes.first, change.at <= now {
                changes.removeFirst()
                apply(change.what)
            } else if let packet = toServer.first, packet.at <= now {
                toServer.removeFirst()
                serve(packet.message)
            } else if let packet = toClient.first, packet.at <= now {
                toClient.removeFirst()
                if hasCarrier { feed(.received(packet.message)) }
            } else {
                feed(.timeReached)
            }
            check()
        }
        now = max(now, end)
    }

    private mutating func apply(_ change: Change) {
        switch change {
        case .serverUp: server.isUp = true
        case .serverDown: server.isUp = false
        case .serverForgets: server.knows = []
        case .otherPool:
            server.pool = server.pool == 10 ? 20 : 10
            server.knows = []
        case .carrierUp:
            hasCarrier = true
            feed(.carrierUp)
        case .carrierDown:
            hasCarrier = false
            feed(.carrierDown)
        }
    }

    private mutating func feed(_ event: DHCPMachine.Event) {
        let before = machine.deadline
        let effects = machine.handle(event, at: now, using: &random)
        if case .timeReached = event, effects.isEmpty, machine.deadline == before {
            broken.append("\(now): nothing happens at the deadline, for ever")
        }
        for effect in effects {
            switch effect {
            case .send(let message, _):
                sentAt.append(now)
                // To a server that is away nothing needs to be carried, for days of simulated time.
                if hasCarrier, server.isUp { toServer = mailed(message, toServer) }
            case .configure(let held):
                configured = held
                boundAt.append(now)
            case .dropAddress: configured = nil
            case .note: break
            }
        }
    }

    private mutating func check() {
        if configured != machine.held { broken.append("\(now): interface and machine disagree") }
        if let configured, configured.hasEnded(at: now - .milliseconds(1)) {
            broken.append("\(now): the address stays after its lease")
        }
        if configured == nil, server.isUp, hasCarrier {
            waitingSince = waitingSince ?? now
            longestWait = max(longestWait, now - (waitingSince ?? now))
        } else {
            if let waitingSince { longestWait = max(longestWait, now - waitingSince) }
            waitingSince = nil
        }
        let searches = [.selecting, .requesting, .rebooting].contains(machine.phase)
        if hasCarrier, searches || configured != nil, machine.deadline == nil {
            broken.append("\(now): no deadline in \(machine.phase)")
        }
        if searches, let next = machine.nextTryAt, next > now + .seconds(8) {
            broken.append("\(now): the next try is \(next - now) away")
        }
        // The budget's burst may come on top within one minute.
        if sentAt.count > 28, let last = sentAt.last,
            last - sentAt[sentAt.count - 29] < .seconds(60)
        {
            broken.append("\(now): 29 packets within a minute")
        }
    }

    private mutating func mailed(
        _ message: DHCPMessage, _ queue: [(at: Duration, message: DHCPMessage)]
    ) -> [(at: Duration, message: DHCPMessage)] {
        // Through the wire's form, so that the codec is part of every conversation.
        guard let parsed = try? DHCPMessage(parsing: message.encoded[...]), parsed == message
        else {
            broken.append("\(now): a message does not survive its own encoding")
            return queue
        }
        var queue = queue
        let copies = Int.random(in: 0..<100, using: &random) < network.doubled ? 2 : 1
        for _ in 0..<copies where Int.random(in: 0..<100, using: &random) >= network.lost {
            let delay = Int.random(in: 1...Int(network.slowest.milliseconds), using: &random)
            queue.append((now + .milliseconds(delay), parsed))
        }
        queue.sort { $0.at < $1.at }
        return queue
    }

    private mutating func serve(_ message: DHCPMessage) {
        guard server.isUp else { return }
        let own = IPv4Address(192, 0, 2, 1)
        let pool = IPv4Address(192, 0, 2, server.pool)
        var answer = DHCPMessage(
            .ack, transaction: message.transaction, from: message.hardwareAddress)
        answer.isReply = true
        answer.options[54] = own.bytes
        switch message.kind {
        case .discover:
            answer.kind = .offer
            answer.yourAddress = pool
        case .request:
            let asked = message.options.address(50) ?? message.clientAddress
            if let chosen = message.serverIdentifier {
                guard chosen == own else { return }
                server.knows.insert(asked)
            }
            if server.knows.contains(asked), asked == pool {
                answer.yourAddress = asked
            } else if server.isAuthoritative {
                answer.kind = .nak
            } else {
                return
            }
        case .decline, .offer, .ack, .nak, .release, .inform: return
        }
        if answer.kind != .nak {
            answer.options[1] = [255, 255, 255, 0]
            answer.options[51] = IPv4Address(rawValue: server.leaseSeconds).bytes
        }
        toClient = mailed(answer, toClient)
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
