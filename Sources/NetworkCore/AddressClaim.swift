import Addresses

/// The claim of one interface to one IPv4 address: it probes, announces, watches and defends. Source: RFC 5227 §2.
///
/// An announcement is not enough to learn of another machine with the address: Linux answers a probe, and is silent about an
/// announcement. So whoever contests an address that is held is not only told whose it is: the link is asked for ten seconds
/// who has it, and any answer ends the claim. Without any sign of another machine nobody is asked again (§2.1.1).
package struct AddressClaim: Sendable {
    /// How long the probes take.
    package struct Timing: Equatable, Sendable {
        package var firstProbeWithin: Duration
        package var probeAfter: ClosedRange<Int64>
        /// From the last probe until the address counts as free.
        package var answerWithin: Duration
        /// Whether the RFC's own probes follow while the address is in use already.
        package var isOptimistic: Bool

        /// The RFC's own times (§1.1): 4 to 7 s.
        package static let standard = Timing(
            firstProbeWithin: .seconds(1), probeAfter: 1000...2000, answerWithin: .seconds(2),
            isOptimistic: false)

        /// All three probes of the RFC within about a second, and three more at its own pace while the address is used. Its
        /// times are for links and machines that take two seconds to answer; here a person waits, who is promised an address
        /// within 8 s of the server's return, and with them the worst case would be 12. The random wait before the first
        /// probe is left out as well: it is to spread machines that were powered on together, which the jitter of
        /// DISCOVER and the server have done.
        package static let prompt = Timing(
            firstProbeWithin: .zero, probeAfter: 200...350, answerWithin: .milliseconds(400),
            isOptimistic: true)
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
        /// RFC 5227 §2.4 (b): defended once, then given way.
        case yielding
        /// §2.4 (c): kept for ever, for an address that a person has chosen.
        case firm
    }

    package let address: IPv4Address
    private let hardware: HardwareAddress
    private let timing: Timing
    private let stance: Stance
    private var state: State

    private enum State: Sendable {
        case probing(Series)
        case held(Holding)
        case over
    }

    /// Packets that are to be sent.
    private struct Series: Sendable {
        var left: Int
        var nextAt: Duration
    }

    private struct Holding: Sendable {
        /// Whether everybody has been told, or is about to be.
        var isAnnounced = false
        var announcements: Series?
        /// Probes for the address that is held.
        var questions: Series?
        /// Until then a single word of another machine ends the claim: it was not asked properly before.
        var trialUntil: Duration?
        var defendedAt: Duration?

        var deadline: Duration? {
            [announcements?.nextAt, questions?.nextAt].compactMap { $0 }.min()
        }

        mutating func ask(_ count: Int, at time: Duration) {
            questions = Series(left: count, nextAt: time)
        }
    }

    /// PROBE_NUM, PROBE_MIN to PROBE_MAX, ANNOUNCE_WAIT, ANNOUNCE_NUM, ANNOUNCE_INTERVAL and DEFEND_INTERVAL. Source: RFC 5227
    /// §1.1.
    private static let probes = 3
    private static let probePause: ClosedRange<Int64> = 1000...2000
    private static let announceWait = Duration.seconds(2)
    private static let announcements = 2
    private static let announcementInterval = Duration.seconds(2)
    private static let defendInterval = Duration.seconds(10)
    /// Probes in a DEFEND_INTERVAL.
    private static let questionsOnSuspicion = 6
    /// A second conflict within this time ends the claim. The RFC demands that within ten seconds only; but whoever is heard
    /// every half minute has the address, too, and two machines would share it for ever.
    private static let memory = Duration.seconds(120)

    /// A claim to an address that the interface has not yet.
    package init(
        probing address: IPv4Address, for hardware: HardwareAddress, _ timing: Timing,
        at now: Duration, using random: inout some RandomNumberGenerator
    ) {
        self.address = address
        self.hardware = hardware
        self.timing = timing
        stance = .yielding
        let most = max(0, timing.firstProbeWithin.inMilliseconds)
        let wait = Duration.milliseconds(Int64.random(in: 0...most, using: &random))
        state = .probing(Series(left: Self.probes, nextAt: now + wait))
    }

    /// A claim to an address that the interface has: on a new link, where nobody has been asked about it.
    /// - Parameter isAnnounced: whether everybody is told whose it is, rather than only asked.
    package init(
        holding address: IPv4Address, for hardware: HardwareAddress, _ stance: Stance = .yielding,
        isAnnounced: Bool, at now: Duration
    ) {
        self.address = address
        self.hardware = hardware
        self.stance = stance
        timing = .prompt
        var holding = Holding()
        holding.ask(Self.probes, at: now)
        holding.trialUntil = now + .milliseconds(Self.probePause.upperBound) * Self.probes
        state = .held(holding)
        if isAnnounced { announce(at: now) }
    }

    /// Time since boot at which `.timeReached` is to come; `nil` when nothing is planned.
    package var deadline: Duration? {
        switch state {
        case .probing(let series): series.nextAt
        case .held(let holding): holding.deadline
        case .over: nil
        }
    }

    /// Whether nobody has objected yet and it is not known that nobody will.
    package var isProbing: Bool {
        switch state {
        case .probing: true
        case .held, .over: false
        }
    }

    /// Tells everybody whose the address is, unless that was done; does nothing before it is held.
    package mutating func announce(at now: Duration) {
        guard case .held(var holding) = state, !holding.isAnnounced else { return }
        holding.isAnnounced = true
        holding.announcements = Series(left: Self.announcements, nextAt: now)
        state = .held(holding)
    }

    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch (state, event) {
        case (.probing(let series), .timeReached):
            guard series.nextAt <= now else { return [] }
            guard series.left > 0 else {
                var holding = Holding()
                if timing.isOptimistic {
                    let first = now + Self.pause(using: &random)
                    holding.ask(Self.probes, at: first)
                    holding.trialUntil =
                        first + .milliseconds(Self.probePause.upperBound) * (Self.probes - 1)
                        + Self.announceWait
                }
                state = .held(holding)
                announce(at: now)
                return [.free] + handle(.timeReached, at: now, using: &random)
            }
            let gap =
                series.left > 1
                ? .milliseconds(Int64.random(in: timing.probeAfter, using: &random))
                : timing.answerWithin
            state = .probing(Series(left: series.left - 1, nextAt: now + gap))
            return [.send(.probe(for: address, from: hardware))]
        case (.probing, .heard(let packet)):
            // Another machine that probes for the same address at the same time counts too (§2.1.1).
            let rivals = packet.sender == .unspecified && packet.target == address
            guard packet.senderHardware != hardware, packet.sender == address || rivals else {
                return []
            }
            state = .over
            return [.taken(by: packet.senderHardware)]

        case (.held(let holding), .timeReached):
            return goOn(holding, at: now, using: &random)
        case (.held(let holding), .heard(let packet)):
            guard packet.senderHardware != hardware, packet.sender == address else { return [] }
            return contest(holding, by: packet.senderHardware, at: now)

        case (.over, .timeReached), (.over, .heard): return []
        }
    }

    /// Sends what is due.
    private mutating func goOn(
        _ holding: Holding, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var holding = holding
        var effects: [Effect] = []
        if let series = holding.announcements, series.nextAt <= now {
            holding.announcements =
                series.left > 1
                ? Series(left: series.left - 1, nextAt: now + Self.announcementInterval) : nil
            effects.append(.send(.announcement(of: address, by: hardware)))
        }
        if let series = holding.questions, series.nextAt <= now {
            let next = now + Self.pause(using: &random)
            holding.questions =
                series.left > 1 ? Series(left: series.left - 1, nextAt: next) : nil
            effects.append(.send(.probe(for: address, from: hardware)))
        }
        state = .held(holding)
        return effects
    }

    /// Another machine uses the address.
    private mutating func contest(
        _ holding: Holding, by owner: HardwareAddress, at now: Duration
    ) -> [Effect] {
        var holding = holding
        let since = holding.defendedAt.map { now - $0 }
        switch stance {
        case .firm:
            if let since, since < Self.defendInterval { return [] }
        case .yielding:
            let isOnTrial = holding.trialUntil.map { now < $0 } ?? false
            let isRepeated = since.map { $0 < Self.memory } ?? false
            if isOnTrial || isRepeated {
                state = .over
                return [.taken(by: owner)]
            }
            holding.ask(Self.questionsOnSuspicion, at: now)
        }
        holding.defendedAt = now
        state = .held(holding)
        return [
            .send(.announcement(of: address, by: hardware)), .defended(against: owner),
        ]
    }

    private static func pause(using random: inout some RandomNumberGenerator) -> Duration {
        .milliseconds(Int64.random(in: probePause, using: &random))
    }
}
