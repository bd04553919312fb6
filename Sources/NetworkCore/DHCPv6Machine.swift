import Addresses

/// The DHCPv6 client of one interface, which never gives up. Source: RFC 8415 §18.2.
///
/// The gaps between tries grow as the RFC has them at first, and then stay below the promise that DHCPv4 keeps, too
/// (`Pace.gap6`). A held address stays while its lifetime lasts, whatever happens to the link, and is confirmed when the link
/// comes back.
package struct DHCPv6Machine: Sendable {
    /// The client's DUID: type 3, hardware type 1 and the hardware address, the same in every boot. Source: RFC 8415 §11.4.
    package let identifier: [UInt8]
    /// The IAID, the same in every boot.
    package let identity: UInt32
    private var state = State.idle(nil)
    private var wanted = Wanted.nothing
    private var hasCarrier = false
    private var budget = PacketBudget(refill: .seconds(6))
    private var pace: Pace
    /// Messages sent since a server answered last with something that could be used.
    package private(set) var tries = 0

    package init(_ hardwareAddress: HardwareAddress, _ pace: Pace = Pace()) {
        identifier = [0, 3, 0, 1] + hardwareAddress.bytes
        identity = hardwareAddress.bytes.suffix(4).reduce(0) { $0 << 8 | UInt32($1) }
        self.pace = pace
    }

    /// Takes up the lease of an earlier run from the Reply that gave it, to be confirmed at the first carrier.
    /// - Returns: `false` where it is no such Reply to this machine, or has ended.
    package mutating func takeUp(
        _ reply: DHCPv6Message, obtainedAt: Duration, at now: Duration
    ) -> Bool {
        // A time in the future is of another boot.
        guard reply.kind == .reply, reply[DHCPv6OptionCode.clientIdentifier] == identifier,
            let answer = DHCPv6Answer(parsing: reply, identity: identity),
            answer.status == .success, obtainedAt <= now,
            let held = HeldDHCPv6(answer, obtainedAt: obtainedAt), !held.hasEnded(at: now)
        else { return false }
        state = .idle(held)
        return true
    }

    /// Whether it asks and nobody has offered anything.
    package var isSearching: Bool { phase == .soliciting || phase == .informing }

    /// Whether DHCPv4 is unanswered on the same link, too (`Pace.isShared`).
    package mutating func share(_ isShared: Bool) { pace.isShared = isShared }

    package var phase: Phase {
        switch state {
        case .idle: .idle
        case .informing: .informing
        case .informed: .informed
        case .soliciting: .soliciting
        case .requesting: .requesting
        case .confirming: .confirming
        case .bound: .bound
        case .renewing: .renewing
        case .rebinding: .rebinding
        case .declining: .declining
        }
    }

    /// What the interface has from a server.
    package var held: HeldDHCPv6? {
        switch state {
        case .idle(let held): held
        case .confirming(_, let held), .bound(let held), .renewing(_, let held),
            .rebinding(_, let held):
            held
        case .informing, .informed, .soliciting, .requesting, .declining: nil
        }
    }

    /// Time since boot at which `.timeReached` is to come; `nil` when nothing is planned.
    package var deadline: Duration? {
        switch state {
        case .idle(let held): held?.endsAt
        case .informed(let until): until
        case .informing(let exchange), .soliciting(let exchange, _), .requesting(let exchange, _),
            .declining(let exchange, _):
            exchange.nextAt
        case .bound(let held): [held.renewAt, held.endsAt].compactMap { $0 }.min()
        case .renewing(let exchange, let held):
            [exchange.nextAt, held.rebindAt].compactMap { $0 }.min()
        case .confirming(let exchange, let held), .rebinding(let exchange, let held):
            [exchange.nextAt, held.endsAt].compactMap { $0 }.min()
        }
    }

    /// Takes one event and says what is to be done, in order.
    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch event {
        case .carrierUp:
            hasCarrier = true
            tries = 0
            return begin(at: now, &random)
        case .carrierDown:
            hasCarrier = false
            state = .idle(held)
            return []
        case .wanted(let fresh):
            guard fresh != wanted else { return [] }
            // A router that asks for less takes nothing away that a server gave for a time.
            wanted = fresh
            return begin(at: now, &random)
        case .timeReached: return timeReached(at: now, &random)
        case .received(let message): return received(message, at: now, &random)
        case .addressInUse: return addressInUse(at: now, &random)
        }
    }

    private mutating func begin(
        at now: Duration, _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let expired = expire(at: now)
        guard hasCarrier, wanted != .nothing else {
            state = .idle(held)
            return expired
        }
        // Every machine on the link hears the same advertisement at the same moment. Source: RFC 8415 §18.2.1.
        let first = now + .milliseconds(Int.random(in: 0...1000, using: &random))
        let exchange = Exchange(at: now, &random, nextAt: first)
        if let held {
            state = .confirming(Exchange(at: now, &random), held)
            return expired + timeReached(at: now, &random)
        }
        state = wanted == .addresses ? .soliciting(exchange, best: nil) : .informing(exchange)
        return expired
    }

    private mutating func timeReached(
        at now: Duration, _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let expired = expire(at: now)
        guard expired.isEmpty else { return expired + begin(at: now, &random) }
        switch state {
        case .idle: return []
        case .informed(let until):
            guard until <= now else { return [] }
            state = .informing(Exchange(at: now, &random))
            return timeReached(at: now, &random)
        case .bound(let held):
            guard let renewAt = held.renewAt, renewAt <= now else { return [] }
            state = .renewing(Exchange(at: now, &random), held)
            return timeReached(at: now, &random)
        case .renewing(let exchange, let held):
            if let rebindAt = held.rebindAt, rebindAt <= now {
                state = .rebinding(Exchange(at: now, &random), held)
                return timeReached(at: now, &random)
            }
            return send(.renew, exchange, at: now, &random) { .renewing($0, held) }
        case .rebinding(let exchange, let held):
            return send(.rebind, exchange, at: now, &random) { .rebinding($0, held) }
        case .informing(let exchange):
            return send(.informationRequest, exchange, at: now, &random) { .informing($0) }
        case .soliciting(let exchange, let best):
            if let best, exchange.nextAt <= now { return request(best, at: now, &random) }
            return send(.solicit, exchange, at: now, &random) { .soliciting($0, best: nil) }
        case .requesting(let exchange, let answer):
            guard exchange.nextAt > now || exchange.sent < Self.mostRequests else {
                return solicit(at: now, &random)
            }
            return send(.request, exchange, at: now, &random) { .requesting($0, answer) }
        case .confirming(let exchange, let held):
            // No answer is no objection. Source: RFC 8415 §18.2.3.
            guard exchange.nextAt > now || exchange.sent < Self.mostConfirms else {
                state = .bound(held)
                return [.inform(held.answer)] + timeReached(at: now, &random)
            }
            return send(.confirm, exchange, at: now, &random) { .confirming($0, held) }
        case .declining(let exchange, let answer):
            guard exchange.nextAt > now || exchange.sent < Self.mostDeclines else {
                return solicit(at: now, &random)
            }
            return send(.decline, exchange, at: now, &random) { .declining($0, answer) }
        }
    }

    /// Requests without an answer after which the search begins anew: the server that offered may be gone for good.
    private static let mostRequests = 4
    private static let mostConfirms = 3
    private static let mostDeclines = 3
}

extension DHCPv6Machine {
    // MARK: Beginnings

    private mutating func solicit(
        at now: Duration, _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        state = .soliciting(Exchange(at: now, &random), best: nil)
        return timeReached(at: now, &random)
    }

    private mutating func request(
        _ answer: DHCPv6Answer, at now: Duration, _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        state = .requesting(Exchange(at: now, &random), answer)
        return timeReached(at: now, &random)
    }

    private mutating func addressInUse(
        at now: Duration, _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard let held else { return [] }
        let notes: [Effect] = [.dropAddress, .note(.declined(held.address.address))]
        guard hasCarrier, wanted == .addresses else {
            state = .idle(nil)
            return notes
        }
        state = .declining(Exchange(at: now, &random), held.answer)
        return notes + timeReached(at: now, &random)
    }

    /// Takes the address away when its lifetime has ended; does nothing otherwise.
    private mutating func expire(at now: Duration) -> [Effect] {
        guard let held, held.hasEnded(at: now) else { return [] }
        state = .idle(nil)
        return [.dropAddress, .note(.expired(held.address.address))]
    }

    // MARK: Messages

    /// Sends the exchange's next message when its time has come and the budget allows it.
    private mutating func send(
        _ kind: DHCPv6Message.Kind, _ exchange: Exchange, at now: Duration,
        _ random: inout some RandomNumberGenerator, state waiting: (Exchange) -> State
    ) -> [Effect] {
        guard exchange.nextAt <= now else { return [] }
        var exchange = exchange
        let opening = budget.opening(at: now)
        guard opening <= now else {
            exchange.nextAt = opening
            state = waiting(exchange)
            return []
        }
        budget.spend(at: now)
        tries &+= 1
        exchange.sent &+= 1
        exchange.lastSentAt = now
        let isHeld = kind == .renew || kind == .rebind
        exchange.nextAt =
            now
            + (isHeld
                ? pace.renewalGap6(after: tries, using: &random)
                : pace.gap6(after: tries, using: &random))
        state = waiting(exchange)
        return [.send(message(kind, exchange, at: now)), .note(.tried(kind, count: tries))]
    }

    private func message(
        _ kind: DHCPv6Message.Kind, _ exchange: Exchange, at now: Duration
    ) -> DHCPv6Message {
        var message = DHCPv6Message(kind, transaction: exchange.transaction)
        func add(_ code: UInt16, _ value: [UInt8]) { message.options.append(.init(code, value)) }
        add(DHCPv6OptionCode.clientIdentifier, identifier)
        let elapsed = UInt16(clamping: (now - exchange.startedAt).inMilliseconds / 10)
        add(DHCPv6OptionCode.elapsedTime, Self.words([elapsed]))
        var address: DHCPv6Answer.Address?
        switch state {
        case .requesting(_, let answer), .declining(_, let answer):
            add(DHCPv6OptionCode.serverIdentifier, answer.server)
            address = answer.address
        case .renewing(_, let held):
            add(DHCPv6OptionCode.serverIdentifier, held.answer.server)
            address = held.address
        case .confirming(_, let held), .rebinding(_, let held): address = held.address
        case .soliciting: add(DHCPv6OptionCode.rapidCommit, [])
        case .idle, .informing, .informed, .bound: break
        }
        if kind != .informationRequest {
            let inner = address.map { one in
                // The lifetimes are the server's to say. Source: RFC 8415 §18.2.2.
                DHCPv6Message.Option(
                    DHCPv6OptionCode.address, one.address.bytes + Array(repeating: 0, count: 8))
            }
            let head = Self.words([UInt16(identity >> 16), UInt16(identity & 0xFFFF), 0, 0, 0, 0])
            add(
                DHCPv6OptionCode.addresses,
                head + DHCPv6Message.encoded([inner].compactMap { $0 }))
        }
        if kind != .confirm, kind != .decline {
            let extra =
                kind == .informationRequest
                ? [DHCPv6OptionCode.refreshTime, DHCPv6OptionCode.informationMaximum]
                : [DHCPv6OptionCode.solicitMaximum]
            add(
                DHCPv6OptionCode.optionRequest,
                Self.words([DHCPv6OptionCode.nameServers, DHCPv6OptionCode.search] + extra))
        }
        return message
    }

    private static func words(_ words: [UInt16]) -> [UInt8] {
        words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }

    // MARK: Answers

    private mutating func received(
        _ message: DHCPv6Message, at now: Duration, _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        // Source: RFC 8415 §16: what lacks our identifier, or answers another question, is not for us, and not worth reading.
        guard let asked = state.exchange, asked.sent > 0,
            asked.transaction == message.transaction,
            message.kind == .reply || message.kind == .advertise,
            message[DHCPv6OptionCode.clientIdentifier] == identifier,
            let answer = DHCPv6Answer(parsing: message, identity: identity)
        else { return [] }
        let isReply = message.kind == .reply
        switch state {
        case .idle, .informed, .bound: return []
        case .informing:
            guard isReply, answer.status == .success else { return [] }
            tries = 0
            state = .informed(until: now + .seconds(Int64(answer.refreshAfter)))
            return [.inform(answer), .note(.informed)]
        case .soliciting(let exchange, let best):
            guard answer.status == .success, answer.address != nil else { return [] }
            if isReply { return answer.isRapid ? bind(answer, exchange, nil) : [] }
            // Others have until the end of the first gap, unless this one is to be taken at once.
            if answer.preference == 255 || exchange.sent > 1 {
                return request(answer, at: now, &random)
            }
            if best.map({ answer.preference > $0.preference }) ?? true {
                state = .soliciting(exchange, best: answer)
            }
            return []
        case .requesting(let exchange, let chosen):
            guard isReply, answer.server == chosen.server else { return [] }
            if answer.status == .success, answer.address != nil {
                return bind(answer, exchange, nil)
            }
            // Busy, or behind a relay that loses its way: the same question again.
            guard answer.status != .unspecifiedFailure, answer.status != .useMulticast else {
                return [.note(.refused(answer.status))]
            }
            return [.note(.refused(answer.status))] + solicit(at: now, &random)
        case .confirming(_, let held):
            guard isReply else { return [] }
            guard answer.status == .notOnLink else {
                tries = 0
                state = .bound(held)
                return [.inform(held.answer), .note(.confirmed(held))]
                    + timeReached(at: now, &random)
            }
            return drop(answer.status, at: now, &random)
        case .renewing(let exchange, let held), .rebinding(let exchange, let held):
            guard isReply else { return [] }
            switch answer.status {
            case .success:
                return bind(answer, exchange, held)
            case .noBinding, .notOnLink: return drop(answer.status, at: now, &random)
            case .unspecifiedFailure, .noAddresses, .useMulticast:
                return [.note(.refused(answer.status))]
            }
        case .declining:
            guard isReply else { return [] }
            return solicit(at: now, &random)
        }
    }

    private mutating func drop(
        _ status: DHCPv6Answer.Status, at now: Duration,
        _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        [.dropAddress, .note(.refused(status))] + solicit(at: now, &random)
    }

    private mutating func bind(
        _ answer: DHCPv6Answer, _ exchange: Exchange, _ earlier: HeldDHCPv6?
    ) -> [Effect] {
        guard let fresh = HeldDHCPv6(answer, obtainedAt: exchange.lastSentAt) else { return [] }
        tries = 0
        state = .bound(fresh)
        let isSame = earlier?.address.address == fresh.address.address
        return [
            .configure(fresh), .inform(answer), .note(isSame ? .renewed(fresh) : .bound(fresh)),
        ]
    }
}
