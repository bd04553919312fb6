import Addresses

/// The DHCP client of one interface, which never gives up. Source: RFC 2131 §4.4, RFC 4039.
///
/// It asks as soon as there is a carrier: the random wait of 1 to 10 s that RFC 2131 §4.4.1 suggests against a crowd of
/// machines powered on together is left out, since the jitter of the retries spreads them as well.
///
/// While a lease is valid its address stays on the interface whatever happens: cable out, no answer, a restart of
/// the program. It goes when the lease ends, when a server refuses it, or when somebody else uses it.
package struct DHCPMachine: Sendable {
    package let configuration: Configuration
    private var state: DHCPState
    private var budget = PacketBudget()

    /// Messages sent since a server answered last with something that could be used.
    package private(set) var tries = 0
    package private(set) var lastTryAt: Duration?
    /// The same since the carrier came, if that was later: a new link is asked densely again.
    private var triesOnThisLink = 0

    /// - Parameter held: a lease from an earlier run, asked for again at the first carrier.
    package init(_ configuration: Configuration, held: HeldLease? = nil) {
        self.configuration = configuration
        state = .noCarrier(held)
    }

    package var phase: Phase { state.phase }
    /// The lease whose address is on the interface.
    package var held: HeldLease? { state.held }
    /// When the next message goes out; `nil` where none is planned.
    package var nextTryAt: Duration? { state.nextTryAt }

    /// Time since boot at which `.timeReached` is to come; `nil` when nothing is planned.
    package var deadline: Duration? {
        let turn: Duration? =
            switch state {
            case .renewing(_, let held): held.rebindAt
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
            guard let held, !held.hasEnded(at: now) else {
                return expire(at: now) + discover(at: now, using: &random)
            }
            return reboot(held, at: now, using: &random)
        case (.noCarrier, .timeReached):
            return expire(at: now)
        case (.noCarrier, .carrierDown), (.noCarrier, .addressInUse):
            return []
        case (.noCarrier, .received(let message)), (.bound, .received(let message)),
            (.declined, .received(let message)):
            return [.note(.ignored(.notExpected(message.kind)))]

        case (.selecting, .carrierDown), (.requesting, .carrierDown), (.rebooting, .carrierDown),
            (.bound, .carrierDown), (.renewing, .carrierDown), (.rebinding, .carrierDown),
            (.declined, .carrierDown):
            state = .noCarrier(held)
            return []
        // The carrier came back before its loss was seen: as good as another network.
        case (.selecting, .carrierUp), (.requesting, .carrierUp), (.rebooting, .carrierUp),
            (.bound, .carrierUp), (.renewing, .carrierUp), (.rebinding, .carrierUp),
            (.declined, .carrierUp):
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
            (.requesting(_, _, .some(let held)), .addressInUse):
            return decline(held, at: now, using: &random)
        case (.selecting(_, .none), .addressInUse), (.requesting(_, _, .none), .addressInUse),
            (.declined, .addressInUse):
            return []
        case (.declined(let until), .timeReached):
            guard until <= now else { return [] }
            return discover(at: now, using: &random)
        }
    }
}

extension DHCPMachine {
    /// Requests without an answer after which the search begins anew: the server that offered may be gone for good.
    private static let mostRequests = 3
    /// Source: RFC 2131 §3.1, step 5.
    private static let pauseAfterDecline = Duration.seconds(10)

    // MARK: Beginnings

    private mutating func discover(
        at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        sendDiscover(DHCPExchange(at: now, using: &random), held, at: now, using: &random)
    }

    private mutating func reboot(
        _ held: HeldLease, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        sendReboot(DHCPExchange(at: now, using: &random), held, at: now, using: &random)
    }

    private mutating func decline(
        _ held: HeldLease, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let exchange = DHCPExchange(at: now, using: &random)
        var message = exchange.message(.decline, configuration, at: now)
        message.options[DHCPOptionCode.requestedAddress] = held.lease.address.bytes
        message.options[DHCPOptionCode.serverIdentifier] = held.lease.server.bytes
        budget.spend(at: now)
        state = .declined(until: now + Self.pauseAfterDecline)
        return [
            .dropAddress, .send(message, .broadcast(from: .unspecified)),
            .note(.declined(held.lease.address)),
        ]
    }

    /// Takes the address away when its lease has ended; does nothing otherwise.
    private mutating func expire(at now: Duration) -> [Effect] {
        guard let held, held.hasEnded(at: now) else { return [] }
        switch state {
        case .noCarrier: state = .noCarrier(nil)
        case .selecting(let exchange, _): state = .selecting(exchange, nil)
        case .requesting(let exchange, let offer, _):
            state = .requesting(exchange, offer: offer, nil)
        case .rebooting(let exchange, _), .renewing(let exchange, _), .rebinding(let exchange, _):
            state = .selecting(exchange, nil)
        case .bound, .declined: return []
        }
        return [.dropAddress, .note(.expired(held.lease.address))]
    }

    // MARK: Messages

    /// Sends the exchange's next message, or puts it off until the budget allows it.
    private mutating func send(
        _ kind: DHCPMessage.Kind, _ exchange: DHCPExchange, _ way: Way, gap: Duration,
        at now: Duration, state waiting: (DHCPExchange) -> DHCPState,
        complete: (inout DHCPMessage) -> Void
    ) -> [Effect] {
        var exchange = exchange
        let opening = budget.opening(at: now)
        guard opening <= now else {
            exchange.nextAt = opening
            state = waiting(exchange)
            return []
        }
        budget.spend(at: now)
        exchange.sent &+= 1
        exchange.lastSentAt = now
        exchange.nextAt = now + gap
        tries &+= 1
        triesOnThisLink &+= 1
        lastTryAt = now
        state = waiting(exchange)
        var message = exchange.message(kind, configuration, at: now)
        complete(&message)
        return [
            .send(message, way), .note(.tried(kind, count: tries, nextAt: exchange.nextAt)),
        ]
    }

    private mutating func sendDiscover(
        _ exchange: DHCPExchange, _ held: HeldLease?, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        // By the tries of the whole search: offers that lead nowhere do not make it dense again.
        let gap = configuration.pace.gap(after: triesOnThisLink &+ 1, using: &random)
        // Some relays and bridges lose answers to an address that nobody has yet; one try in four asks for a broadcast.
        let wantsBroadcast = (tries &+ 1).isMultiple(of: 4)
        return send(
            .discover, exchange, .broadcast(from: .unspecified), gap: gap, at: now,
            state: { .selecting($0, held) },
            complete: { message in
                message.options[DHCPOptionCode.rapidCommit] = []
                message.options[DHCPOptionCode.requestedAddress] = held?.lease.address.bytes
                message.wantsBroadcast = wantsBroadcast
            })
    }

    private mutating func sendRequest(
        _ exchange: DHCPExchange, _ offer: Lease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let held = held
        let gap = configuration.pace.requestGap(after: exchange.sent &+ 1, using: &random)
        return send(
            .request, exchange, .broadcast(from: .unspecified), gap: gap, at: now,
            state: { .requesting($0, offer: offer, held) },
            complete: { message in
                message.options[DHCPOptionCode.requestedAddress] = offer.address.bytes
                message.options[DHCPOptionCode.serverIdentifier] = offer.server.bytes
            })
    }

    private mutating func sendReboot(
        _ exchange: DHCPExchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let gap = configuration.pace.requestGap(after: exchange.sent &+ 1, using: &random)
        return send(
            .request, exchange, .broadcast(from: .unspecified), gap: gap, at: now,
            state: { .rebooting($0, held) },
            complete: { message in
                message.options[DHCPOptionCode.requestedAddress] = held.lease.address.bytes
            })
    }

    private mutating func sendRenewal(
        _ exchange: DHCPExchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let left = (held.rebindAt ?? now) - now
        return send(
            .request, exchange, .unicast(from: held.lease.address, to: held.lease.server),
            gap: configuration.pace.renewalGap(left: left, using: &random), at: now,
            state: { .renewing($0, held) },
            complete: { $0.clientAddress = held.lease.address })
    }

    private mutating func sendRebinding(
        _ exchange: DHCPExchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let left = (held.endsAt ?? now) - now
        return send(
            .request, exchange, .broadcast(from: held.lease.address),
            gap: configuration.pace.renewalGap(left: left, using: &random), at: now,
            state: { .rebinding($0, held) },
            complete: { $0.clientAddress = held.lease.address })
    }

    // MARK: Answers

    private mutating func select(
        _ message: DHCPMessage, _ exchange: DHCPExchange, _ held: HeldLease?, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        if let objection = exchange.objection(to: message, for: configuration) {
            return [.note(.ignored(objection))]
        }
        let isRapid =
            message.kind == .ack && message.options[DHCPOptionCode.rapidCommit] != nil
        guard message.kind == .offer || isRapid else {
            return [.note(.ignored(.notExpected(message.kind)))]
        }
        do throws(Lease.Refusal) {
            let lease = try Lease(parsing: message)
            if isRapid { return bind(lease, exchange, nil, using: &random) }
            var next = exchange
            next.sent = 0
            return [.note(.offered(lease))] + sendRequest(next, lease, at: now, using: &random)
        } catch {
            return [.note(.ignored(.noLease(error)))]
        }
    }

    /// Takes the answer to a request: for `offer` where one was chosen, for the held lease otherwise.
    private mutating func conclude(
        _ message: DHCPMessage, _ exchange: DHCPExchange, _ held: HeldLease?, offer: Lease? = nil,
        at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        if let objection = exchange.objection(to: message, for: configuration) {
            return [.note(.ignored(objection))]
        }
        let server = message.serverIdentifier
        // The server asked by name answers for itself; a request to everybody may be answered by anybody.
        let asked = offer?.server ?? (phase == .renewing ? held?.lease.server : nil)
        switch message.kind {
        case .ack:
            do throws(Lease.Refusal) {
                let lease = try Lease(parsing: message)
                if let asked, lease.server != asked { return [.note(.ignored(.otherServer))] }
                guard lease.address == (offer ?? held?.lease)?.address else {
                    return [.note(.ignored(.otherAddress))]
                }
                return bind(lease, exchange, offer == nil ? held : nil, using: &random)
            } catch {
                return [.note(.ignored(.noLease(error)))]
            }
        case .nak:
            if let asked, let server, server != asked { return [.note(.ignored(.otherServer))] }
            let words = message.options.text(DHCPOptionCode.message).map { String($0.prefix(120)) }
            // A refused offer says nothing against another address that is held meanwhile.
            let keeps = offer != nil && offer?.address != held?.lease.address
            let drop: [Effect] = held == nil || keeps ? [] : [.dropAddress]
            state = .noCarrier(keeps ? held : nil)
            return drop + [.note(.refused(by: server, words: words))]
                + discover(at: now, using: &random)
        case .discover, .offer, .request, .decline, .release, .inform:
            return [.note(.ignored(.notExpected(message.kind)))]
        }
    }

    private mutating func bind(
        _ lease: Lease, _ exchange: DHCPExchange, _ earlier: HeldLease?,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let most = min(30_000, (lease.renewAfter ?? .zero).inMilliseconds / 32)
        let fuzz = Duration.milliseconds(Int64.random(in: 0...max(0, most), using: &random))
        let fresh = HeldLease(lease, obtainedAt: exchange.lastSentAt, renewalFuzz: fuzz)
        tries = 0
        state = .bound(fresh)
        return [
            .configure(fresh),
            .note(earlier?.lease.address == lease.address ? .renewed(fresh) : .bound(fresh)),
        ]
    }
}
