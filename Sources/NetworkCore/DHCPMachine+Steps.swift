import Addresses

/// What the states do: beginnings, messages, answers.
extension DHCPMachine {
    /// Requests without an answer after which the search begins anew: the server that offered may be gone for good.
    static let mostRequests = 3

    // MARK: Beginnings

    mutating func discover(
        at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        sendDiscover(DHCPExchange(at: now, using: &random), held, at: now, using: &random)
    }

    mutating func reboot(
        _ held: HeldLease, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        sendReboot(DHCPExchange(at: now, using: &random), held, at: now, using: &random)
    }

    /// - Parameter kept: a lease of another address, which is good still.
    mutating func decline(
        _ held: HeldLease, keeping kept: HeldLease? = nil, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let exchange = DHCPExchange(at: now, using: &random)
        var message = exchange.message(.decline, configuration, at: now)
        message.options[DHCPOptionCode.requestedAddress] = held.lease.address.bytes
        message.options[DHCPOptionCode.serverIdentifier] = held.lease.server.bytes
        budget.spend(at: now)
        conflicts.lost(held.lease.address, at: now)
        let until = now + configuration.pace.gap(after: .max, using: &random)
        state = .declined(until: until, kept)
        return [
            .send(message, .broadcast(from: .unspecified)),
            .note(.declined(held.lease.address, nextAt: until)),
        ]
    }

    /// Takes the address away when its lease has ended; does nothing otherwise.
    mutating func expire(at now: Duration) -> [Effect] {
        guard let held, held.hasEnded(at: now) else { return [] }
        switch state {
        case .noCarrier: state = .noCarrier(nil)
        case .selecting(let exchange, _): state = .selecting(exchange, nil)
        case .requesting(let exchange, let offer, _):
            state = .requesting(exchange, offer: offer, nil)
        case .rebooting(let exchange, _), .renewing(let exchange, _), .rebinding(let exchange, _):
            state = .selecting(exchange, nil)
        case .probing(let fresh, _): state = .probing(fresh, nil)
        case .declined(let until, _): state = .declined(until: until, nil)
        case .bound: return []
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

    mutating func sendDiscover(
        _ exchange: DHCPExchange, _ held: HeldLease?, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var exchange = exchange
        // One that is put off changes nothing: the answer may be to the one before.
        if budget.opening(at: now) <= now {
            // Some relays and bridges lose answers to an address that nobody has yet; one try in four asks for a broadcast.
            exchange.wantsBroadcast = (tries &+ 1).isMultiple(of: 4)
            exchange.discoveredAt = now
        }
        // By the tries of the whole search: offers that lead nowhere do not make it dense again.
        let gap = configuration.pace.gap(after: triesOnThisLink &+ 1, using: &random)
        // A server that commits itself at once could do so to an address that may not be tried yet.
        let isRapid = conflicts.isOpen(at: now)
        return send(
            .discover, exchange, .broadcast(from: .unspecified), gap: gap, at: now,
            state: { .selecting($0, held) },
            complete: { message in
                message.options[DHCPOptionCode.rapidCommit] = isRapid ? [] : nil
                message.options[DHCPOptionCode.requestedAddress] = held?.lease.address.bytes
            })
    }

    mutating func sendRequest(
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

    mutating func sendReboot(
        _ exchange: DHCPExchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let gap = configuration.pace.requestGap(after: exchange.sent &+ 1, using: &random)
        var exchange = exchange
        exchange.wantsBroadcast = !exchange.sent.isMultiple(of: 2)
        return send(
            .request, exchange, .broadcast(from: .unspecified), gap: gap, at: now,
            state: { .rebooting($0, held) },
            complete: { message in
                message.options[DHCPOptionCode.requestedAddress] = held.lease.address.bytes
            })
    }

    mutating func sendRenewal(
        _ exchange: DHCPExchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let left = (held.rebindAt ?? now) - now
        return send(
            .request, exchange, .unicast(from: held.lease.address, to: held.lease.server),
            gap: configuration.pace.renewalGap(
                after: exchange.sent &+ 1, left: left, using: &random), at: now,
            state: { .renewing($0, held) },
            complete: { $0.clientAddress = held.lease.address })
    }

    mutating func sendRebinding(
        _ exchange: DHCPExchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let left = (held.endsAt ?? now) - now
        return send(
            .request, exchange, .broadcast(from: held.lease.address),
            gap: configuration.pace.renewalGap(
                after: exchange.sent &+ 1, left: left, using: &random), at: now,
            state: { .rebinding($0, held) },
            complete: { $0.clientAddress = held.lease.address })
    }

    // MARK: Answers

    mutating func select(
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
            let opening = conflicts.opening(for: lease.address)
            guard opening <= now else { return [.note(.postponed(lease.address, until: opening))] }
            if isRapid { return bind(lease, exchange, nil, using: &random) }
            // Others have until the next DISCOVER; who is alone is taken then.
            if lease.server == disappointing, exchange.sent <= 1 {
                return [.note(.ignored(.disappointed))]
            }
            var next = exchange
            next.sent = 0
            return [.note(.offered(lease))] + sendRequest(next, lease, at: now, using: &random)
        } catch {
            return [.note(.ignored(.noLease(error)))]
        }
    }

    /// Takes the answer to a request: for `offer` where one was chosen, for the held lease otherwise.
    mutating func conclude(
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
            if let offer { disappointing = offer.server }
            let keeps = offer != nil && offer?.address != held?.lease.address
            let drop: [Effect] = held == nil || keeps ? [] : [.dropAddress]
            state = .noCarrier(keeps ? held : nil)
            return drop + [.note(.refused(by: server, words: words))]
                + discover(at: now, using: &random)
        case .discover, .offer, .request, .decline, .release, .inform:
            return [.note(.ignored(.notExpected(message.kind)))]
        }
    }

    mutating func bind(
        _ lease: Lease, _ exchange: DHCPExchange, _ earlier: HeldLease?,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let most = min(30_000, (lease.renewAfter ?? .zero).inMilliseconds / 32)
        let fuzz = Duration.milliseconds(Int64.random(in: 0...max(0, most), using: &random))
        let fresh = HeldLease(lease, obtainedAt: exchange.lastSentAt, renewalFuzz: fuzz)
        tries = 0
        disappointing = nil
        // An address that is on the interface is watched all the time and needs no probe (RFC 5227 §2.1).
        guard held?.lease.address == lease.address else {
            state = .probing(fresh, held)
            return [.probe(fresh)]
        }
        conflicts.settled()
        state = .bound(fresh)
        return [
            .configure(fresh),
            .note(earlier?.lease.address == lease.address ? .renewed(fresh) : .bound(fresh)),
        ]
    }
}
