import Addresses

/// The claim of one interface to one IPv4 address: it probes, announces, watches and defends. Source: RFC 5227 §2.
package struct AddressClaim: Sendable {
    /// How long the probes take.
    package struct Timing: Equatable, Sendable {
        package var firstProbeWithin: Duration
        package var probeAfter: ClosedRange<Int64>
        /// From the last probe until the address counts as free.
        package var answerWithin: Duration

        /// The RFC's own times (§1.1): 4 to 7 s.
        package static let standard = Timing(
            firstProbeWithin: .seconds(1), probeAfter: 1000...2000, answerWithin: .seconds(2))

        /// All three probes of the RFC within about a second. Its times are for links and machines that take two seconds to
        /// answer; here a person waits, who is promised an address within 8 s of the server's return, and with them the
        /// worst case would be 12. The random wait before the first probe is left out as well: it is to spread machines that were
        /// powered on together, which the jitter of DISCOVER and the server have done. Who answers later than this is
        /// still noticed, and given way to, for as long as the address is held.
        package static let prompt = Timing(
            firstProbeWithin: .zero, probeAfter: 200...350, answerWithin: .milliseconds(400))
    }

    package enum Event: Equatable, Sendable {
        case heard(ARPPacket)
        case timeReached
    }

    package enum Effect: Equatable, Sendable {
        case send(ARPPacket)
        /// Nobody answered the probes: the address may be used from now on.
        case free
        /// Another machine has the address; the claim is over.
        case taken(by: HardwareAddress)
        /// Another machine used the address once; it has been told whose it is.
        case defended(against: HardwareAddress)
    }

    /// What becomes of an address that somebody else goes on using.
    package enum Stance: Sendable {
        /// RFC 5227 §2.4 (b): defended once within ten seconds, then given way.
        case yielding
        /// §2.4 (c): kept for ever, for an address that a person has chosen.
        case firm
    }

    package let address: IPv4Address
    private let hardware: HardwareAddress
    private let timing: Timing
    private let stance: Stance
    /// Whether everybody has been told, or is about to be.
    package let isAnnounced: Bool
    private var state: State
    private var defendedAt: Duration?

    private enum State: Sendable {
        case probing(left: Int, nextAt: Duration)
        case announcing(left: Int, nextAt: Duration)
        case watching
        case over
    }

    /// PROBE_NUM, ANNOUNCE_NUM, ANNOUNCE_INTERVAL and DEFEND_INTERVAL. Source: RFC 5227 §1.1.
    private static let probes = 3
    private static let announcements = 2
    private static let announcementInterval = Duration.seconds(2)
    private static let defendInterval = Duration.seconds(10)

    /// A claim to an address that the interface has not yet.
    package init(
        probing address: IPv4Address, for hardware: HardwareAddress, _ timing: Timing,
        at now: Duration, using random: inout some RandomNumberGenerator
    ) {
        self.address = address
        self.hardware = hardware
        self.timing = timing
        stance = .yielding
        isAnnounced = true
        let most = max(0, timing.firstProbeWithin.inMilliseconds)
        let wait = Duration.milliseconds(Int64.random(in: 0...most, using: &random))
        state = .probing(left: Self.probes, nextAt: now + wait)
    }

    /// A claim to an address that the interface has, which nobody is asked about.
    /// - Parameter announcedAt: when to tell everybody whose it is; `nil`: it is only watched.
    package init(
        holding address: IPv4Address, for hardware: HardwareAddress, _ stance: Stance = .yielding,
        announcedAt: Duration?
    ) {
        self.address = address
        self.hardware = hardware
        self.stance = stance
        timing = .prompt
        isAnnounced = announcedAt != nil
        state = announcedAt.map { .announcing(left: Self.announcements, nextAt: $0) } ?? .watching
    }

    /// Time since boot at which `.timeReached` is to come; `nil` when nothing is planned.
    package var deadline: Duration? {
        switch state {
        case .probing(_, let nextAt), .announcing(_, let nextAt): nextAt
        case .watching, .over: nil
        }
    }

    /// Whether nobody has objected yet and it is not known that nobody will.
    package var isProbing: Bool {
        switch state {
        case .probing: true
        case .announcing, .watching, .over: false
        }
    }

    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch (state, event) {
        case (.probing(let left, let nextAt), .timeReached):
            guard nextAt <= now else { return [] }
            guard left > 0 else {
                state = .announcing(left: Self.announcements, nextAt: now)
                return [.free] + handle(.timeReached, at: now, using: &random)
            }
            let gap =
                left > 1
                ? .milliseconds(Int64.random(in: timing.probeAfter, using: &random))
                : timing.answerWithin
            state = .probing(left: left - 1, nextAt: now + gap)
            return [.send(.probe(for: address, from: hardware))]
        case (.probing, .heard(let packet)):
            // Another machine that probes for the same address at the same time counts too (§2.1.1).
            let rivals = packet.sender == .unspecified && packet.target == address
            guard packet.senderHardware != hardware, packet.sender == address || rivals else {
                return []
            }
            state = .over
            return [.taken(by: packet.senderHardware)]

        case (.announcing(let left, let nextAt), .timeReached):
            guard nextAt <= now else { return [] }
            state =
                left > 1
                ? .announcing(left: left - 1, nextAt: now + Self.announcementInterval) : .watching
            return [.send(.announcement(of: address, by: hardware))]
        case (.announcing, .heard(let packet)), (.watching, .heard(let packet)):
            guard packet.senderHardware != hardware, packet.sender == address else { return [] }
            if let defendedAt, now - defendedAt < Self.defendInterval {
                switch stance {
                case .firm: return []
                case .yielding:
                    state = .over
                    return [.taken(by: packet.senderHardware)]
                }
            }
            defendedAt = now
            return [
                .send(.announcement(of: address, by: hardware)),
                .defended(against: packet.senderHardware),
            ]

        case (.watching, .timeReached), (.over, .timeReached), (.over, .heard): return []
        }
    }
}
