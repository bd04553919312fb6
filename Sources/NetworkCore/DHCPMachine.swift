import Addresses

/// The DHCP client of one interface, which never gives up. Source: RFC 2131 §4.4, RFC 4039.
///
/// It asks as soon as there is a carrier: the random wait of 1 to 10 s that RFC 2131 §4.4.1 suggests against a crowd of
/// machines powered on together is left out, since the jitter of the retries spreads them as well.
///
/// While a lease is valid its address stays on the interface whatever happens: cable out, no answer, a restart of
/// the program. It goes when the lease ends, when a server refuses it, or when somebody else uses it.
package struct DHCPMachine: Sendable {
    package internal(set) var configuration: Configuration
    var state: DHCPState
    var budget = PacketBudget()
    var conflicts = ConflictPace()

    /// Messages sent since a server answered last with something that could be used.
    package internal(set) var tries = 0
    package internal(set) var lastTryAt: Duration?
    /// The same since the carrier or a sign of life came, if that was later: what is new is asked densely again.
    var triesOnThisLink = 0
    /// The server that offered last and then refused, or fell silent: where there is another, that one is given the time to answer.
    var disappointing: IPv4Address?

    /// - Parameter held: a lease from an earlier run, asked for again at the first carrier.
    package init(_ configuration: Configuration, held: HeldLease? = nil) {
        self.configuration = configuration
        state = .noCarrier(held)
    }

    package var phase: Phase { state.phase }
    /// Whether DHCPv6 asks on the same link, too, and nobody answers it: the packets are to be shared.
    package var isShared: Bool {
        get { configuration.pace.isShared }
        set { configuration.pace.isShared = newValue }
    }
    /// The lease whose address is on the interface.
    package var held: HeldLease? { state.held }
    /// When the next message goes out; `nil` where none is planned.
    package var nextTryAt: Duration? { state.nextTryAt }

    /// Time since boot at which `.timeReached` is to come; `nil` when nothing is planned.
    package var deadline: Duration? {
        let turn: Duration? =
            switch state {
            case .renewing(_, let held): held.rebindAt
            case .probing(let fresh, _): fresh.endsAt
            case .noCarrier, .selecting, .requesting, .rebooting, .bound, .rebinding, .declined: nil
            }
        return [nextTryAt, turn, held?.endsAt].compactMap { $0 }.min()
    }

    /// Takes one event and says what is to be done, in order.
    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch (state, event) {
        case (.noCarrier(let held), .carrierUp):
            triesOnThisLink = 0
            disappointing = nil
            conflicts.settled()
            guard let held, !held.hasEnded(at: now) else {
                return expire(at: now) + discover(at: now, using: &random)
            }
            return reboot(held, at: now, using: &random)
        case (.noCarrier, .timeReached):
            return expire(at: now)
        case (.noCarrier, .carrierDown), (.noCarrier, .addressInUse):
            return []
        case (.noCarrier, .received(let message)), (.bound, .received(let message)),
            (.probing, .received(let message)), (.declined, .received(let message)):
            return [.note(.ignored(.notExpected(message.kind)))]

        case (.selecting, .carrierDown), (.requesting, .carrierDown), (.rebooting, .carrierDown),
            (.bound, .carrierDown), (.renewing, .carrierDown), (.rebinding, .carrierDown),
            (.probing, .carrierDown), (.declined, .carrierDown):
            state = .noCarrier(held)
            return []
        // The carrier came back before its loss was seen: as good as another network.
        case (.selecting, .carrierUp), (.requesting, .carrierUp), (.rebooting, .carrierUp),
            (.bound, .carrierUp), (.renewing, .carrierUp), (.rebinding, .carrierUp),
            (.probing, .carrierUp), (.declined, .carrierUp):
            state = .noCarrier(held)
            return handle(.carrierUp, at: now, using: &random)

        case (.selecting(let exchange, let held), .received(let message)):
            return select(message, exchange, held, at: now, using: &random)
        case (.selecting(let exchange, let held), .timeReached):
            let expired = expire(at: now)
            guard exchange.nextAt <= now else { return expired }
            return expired
                + sendDiscover(exchange, expired.isEmpty ? held : nil, at: now, using: &random)

        case (.requesting(let exchange, let offer, let held), .received(let message)):
            return conclude(message, exchange, held, offer: offer, at: now, using: &random)
        case (.requesting(let exchange, let offer, _), .timeReached):
            let expired = expire(at: now)
            guard exchange.nextAt <= now else { return expired }
            guard exchange.sent < Self.mostRequests else {
                disappointing = offer.server
                return expired + discover(at: now, using: &random)
            }
            return expired + sendRequest(exchange, offer, at: now, using: &random)

        case (.rebooting(let exchange, let held), .received(let message)):
            return conclude(message, exchange, held, at: now, using: &random)
        case (.rebooting(let exchange, let held), .timeReached):
            guard !held.hasEnded(at: now) else {
                return expire(at: now) + discover(at: now, using: &random)
            }
            guard exchange.nextAt <= now else { return [] }
            guard exchange.sent < Self.mostRequests else {
                return discover(at: now, using: &random)
            }
            return sendReboot(exchange, held, at: now, using: &random)

        case (.probing(let fresh, _), .timeReached):
            guard fresh.hasEnded(at: now) else { return expire(at: now) }
            state = .noCarrier(held)
            return expire(at: now) + discover(at: now, using: &random)
        case (.probing(let fresh, _), .addressFree):
            state = .bound(fresh)
            return [.configure(fresh), .note(.bound(fresh))]
        case (.probing(let fresh, let earlier), .addressInUse):
            return decline(fresh, keeping: earlier, at: now, using: &random)

        case (.bound(let held), .timeReached):
            guard let renewAt = held.renewAt, renewAt <= now else { return [] }
            state = .renewing(DHCPExchange(at: now, using: &random), held)
            return handle(.timeReached, at: now, using: &random)

        case (.renewing(let exchange, let held), .received(let message)),
            (.rebinding(let exchange, let held), .received(let message)):
            return conclude(message, exchange, held, at: now, using: &random)
        case (.renewing(let exchange, let held), .timeReached):
            if let rebindAt = held.rebindAt, rebindAt <= now {
                state = .rebinding(DHCPExchange(at: now, using: &random), held)
                return handle(.timeReached, at: now, using: &random)
            }
            guard exchange.nextAt <= now else { return [] }
            return sendRenewal(exchange, held, at: now, using: &random)
        case (.rebinding(let exchange, let held), .timeReached):
            guard !held.hasEnded(at: now) else {
                return expire(at: now) + discover(at: now, using: &random)
            }
            guard exchange.nextAt <= now else { return [] }
            return sendRebinding(exchange, held, at: now, using: &random)

        case (.bound(let held), .addressInUse), (.renewing(_, let held), .addressInUse),
            (.rebinding(_, let held), .addressInUse), (.rebooting(_, let held), .addressInUse),
            (.selecting(_, .some(let held)), .addressInUse),
            (.requesting(_, _, .some(let held)), .addressInUse),
            (.declined(_, .some(let held)), .addressInUse):
            return [.dropAddress] + decline(held, at: now, using: &random)
        case (.selecting(_, .none), .addressInUse), (.requesting(_, _, .none), .addressInUse),
            (.declined(_, .none), .addressInUse):
            return []
        case (.declined(let until, _), .timeReached):
            let expired = expire(at: now)
            guard until <= now else { return expired }
            return expired + discover(at: now, using: &random)

        // Only while nobody answers is there a next try to be brought forward.
        case (.selecting(var exchange, let held), .signOfLife):
            triesOnThisLink = 0
            exchange.nextAt = min(exchange.nextAt, now)
            state = .selecting(exchange, held)
            return handle(.timeReached, at: now, using: &random)
        case (.noCarrier, .signOfLife), (.requesting, .signOfLife), (.rebooting, .signOfLife),
            (.probing, .signOfLife), (.bound, .signOfLife), (.renewing, .signOfLife),
            (.rebinding, .signOfLife), (.declined, .signOfLife):
            return []
        // The address that was asked about is not that of any probe under way.
        case (.noCarrier, .addressFree), (.selecting, .addressFree), (.requesting, .addressFree),
            (.rebooting, .addressFree), (.bound, .addressFree), (.renewing, .addressFree),
            (.rebinding, .addressFree), (.declined, .addressFree):
            return []
        }
    }
}
