import Addresses

/// The DHCP client of one interface, which never gives up. Source: RFC 2131 §4.4, RFC 4039.
///
/// It asks as soon as there is a carrier: the random wait of 1 to 10 s that RFC 2131 §4.4.1 suggests against a crowd of
/// machines powered on together is left out, since the jitter of the retries spreads them as well.
///
/// While a lease is valid its address stays on the interface whatever happens: cable out, no answer, a restart of
/// the program. It goes when the lease ends, when a server refuses it, or when somebody else uses it.
package struct DHCPMachine: Sendable {
    package struct Configuration: Equatable, Sendable {
        package var hardwareAddress: HardwareAddress
        /// Option 61; by default type 1 and the hardware address, which gets the system's own address in an initramfs too.
        package var clientIdentifier: [UInt8]
        /// Option 12.
        package var hostName: String?
        package var pace = Pace()

        package init(hardwareAddress: HardwareAddress) {
            self.hardwareAddress = hardwareAddress
            clientIdentifier = [1] + hardwareAddress.bytes
        }
    }

    package enum Event: Equatable, Sendable {
        case carrierUp
        case carrierDown
        case received(DHCPMessage)
        case timeReached
        /// Another machine on the link uses the address that this one was given.
        case addressInUse
    }

    package enum Effect: Equatable, Sendable {
        case send(DHCPMessage, Way)
        /// The interface is to have this and nothing else of ours.
        case configure(HeldLease)
        /// The interface is to have nothing of ours.
        case dropAddress
        case note(Note)
    }

    /// How a message goes out.
    package enum Way: Equatable, Sendable {
        /// To everybody on the link, from this address.
        case broadcast(from: IPv4Address)
        /// To one server, through the routes of the machine.
        case unicast(from: IPv4Address, to: IPv4Address)
    }

    /// What a person may want to know.
    package enum Note: Equatable, Sendable {
        /// A message went out; `count` is its number since somebody answered last.
        case tried(DHCPMessage.Kind, count: Int, nextAt: Duration)
        case offered(Lease)
        case bound(HeldLease)
        case renewed(HeldLease)
        case refused(by: IPv4Address?, words: String?)
        case expired(IPv4Address)
        case declined(IPv4Address)
        case ignored(Ignored)
    }

    /// Why an answer counted for nothing.
    package enum Ignored: Equatable, Sendable {
        case notAReply
        case forSomebodyElse
        case wrongTransaction
        case notExpected(DHCPMessage.Kind)
        case otherServer
        case otherAddress
        case noLease(Lease.Refusal)
    }

    /// Where the machine stands, in the words of RFC 2131.
    package enum Phase: String, Sendable {
        case noCarrier = "no-carrier"
        case selecting, requesting, rebooting, bound, renewing, rebinding, declined
    }

    package let configuration: Configuration
    private var state: State
    private var budget = PacketBudget()

    /// Messages sent since a server answered last with something that could be used.
    package private(set) var tries = 0
    package private(set) var lastTryAt: Duration?
    /// The same since the carrier came, if that was later: a new link is asked densely again.
    private var triesOnThisLink = 0

    private enum State: Sendable {
        case noCarrier(HeldLease?)
        case selecting(Exchange, HeldLease?)
        case requesting(Exchange, offer: Lease, HeldLease?)
        case rebooting(Exchange, HeldLease)
        case bound(HeldLease)
        case renewing(Exchange, HeldLease)
        case rebinding(Exchange, HeldLease)
        case declined(until: Duration)
    }

    /// One transaction: its messages so far and when the next is due.
    private struct Exchange: Sendable {
        let transaction: UInt32
        let startedAt: Duration
        var sent = 0
        var lastSentAt: Duration
        var nextAt: Duration

        init(at now: Duration, using random: inout some RandomNumberGenerator) {
            transaction = UInt32.random(in: 1...UInt32.max, using: &random)
            startedAt = now
            lastSentAt = now
            nextAt = now
        }
    }

    /// - Parameter held: a lease from an earlier run, asked for again at the first carrier.
    package init(_ configuration: Configuration, held: HeldLease? = nil) {
        self.configuration = configuration
        state = .noCarrier(held)
    }

    package var phase: Phase {
        switch state {
        case .noCarrier: .noCarrier
        case .selecting: .selecting
        case .requesting: .requesting
        case .rebooting: .rebooting
        case .bound: .bound
        case .renewing: .renewing
        case .rebinding: .rebinding
        case .declined: .declined
        }
    }

    /// The lease whose address is on the interface.
    package var held: HeldLease? {
        switch state {
        case .noCarrier(let held), .selecting(_, let held), .requesting(_, _, let held): held
        case .rebooting(_, let held), .bound(let held), .renewing(_, let held),
            .rebinding(_, let held):
            held
        case .declined: nil
        }
    }

    /// When the next message goes out; `nil` where none is planned.
    package var nextTryAt: Duration? {
        switch state {
        case .noCarrier: nil
        case .selecting(let exchange, _), .requesting(let exchange, _, _),
            .rebooting(let exchange, _), .renewing(let exchange, _), .rebinding(let exchange, _):
            exchange.nextAt
        case .bound(let held): held.renewAt
        case .declined(let until): until
        }
    }

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
            state = .renewing(Exchange(at: now, using: &random), held)
            return handle(.timeReached, at: now, using: &random)

        case (.renewing(let exchange, let held), .received(let message)),
            (.rebinding(let exchange, let held), .received(let message)):
            return conclude(message, exchange, held, at: now, using: &random)
        case (.renewing(let exchange, let held), .timeReached):
            if let rebindAt = held.rebindAt, rebindAt <= now {
                state = .rebinding(Exchange(at: now, using: &random), held)
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
        sendDiscover(Exchange(at: now, using: &random), held, at: now, using: &random)
    }

    private mutating func reboot(
        _ held: HeldLease, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        sendReboot(Exchange(at: now, using: &random), held, at: now, using: &random)
    }

    private mutating func decline(
        _ held: HeldLease, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var message = message(.decline, Exchange(at: now, using: &random), at: now)
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

    private func message(
        _ kind: DHCPMessage.Kind, _ exchange: Exchange, at now: Duration
    ) -> DHCPMessage {
        var message = DHCPMessage(
            kind, transaction: exchange.transaction, from: configuration.hardwareAddress)
        message.seconds = UInt16(clamping: (now - exchange.startedAt).components.seconds)
        message.options[DHCPOptionCode.clientIdentifier] = configuration.clientIdentifier
        guard kind != .decline else { return message }
        message.options[DHCPOptionCode.parameterRequestList] = DHCPOptionCode.requested
        message.options[DHCPOptionCode.maximumMessageSize] = [0x05, 0xC0]
        message.options[DHCPOptionCode.hostName] = configuration.hostName.map { Array($0.utf8) }
        return message
    }

    /// Counts a message that goes out, or puts it off until the budget allows it.
    private mutating func spend(
        _ exchange: inout Exchange, at now: Duration, gap: (Int) -> Duration
    ) -> Bool {
        let opening = budget.opening(at: now)
        guard opening <= now else {
            exchange.nextAt = opening
            return false
        }
        budget.spend(at: now)
        exchange.sent &+= 1
        exchange.lastSentAt = now
        tries &+= 1
        triesOnThisLink &+= 1
        lastTryAt = now
        exchange.nextAt = now + gap(exchange.sent)
        return true
    }

    private mutating func sendDiscover(
        _ exchange: Exchange, _ held: HeldLease?, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var exchange = exchange
        // By the tries of the whole search: offers that lead nowhere do not make it dense again.
        let gap = configuration.pace.gap(after: triesOnThisLink &+ 1, using: &random)
        let goes = spend(&exchange, at: now) { _ in gap }
        state = .selecting(exchange, held)
        guard goes else { return [] }
        var message = message(.discover, exchange, at: now)
        message.options[DHCPOptionCode.rapidCommit] = []
        message.options[DHCPOptionCode.requestedAddress] = held?.lease.address.bytes
        // Some relays and bridges lose answers to an address that nobody has yet; one try in four asks for a broadcast.
        message.wantsBroadcast = tries.isMultiple(of: 4)
        return [
            .send(message, .broadcast(from: .unspecified)),
            .note(.tried(.discover, count: tries, nextAt: exchange.nextAt)),
        ]
    }

    private mutating func sendRequest(
        _ exchange: Exchange, _ offer: Lease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var exchange = exchange
        let gap = configuration.pace.requestGap(after: exchange.sent &+ 1, using: &random)
        let goes = spend(&exchange, at: now) { _ in gap }
        state = .requesting(exchange, offer: offer, held)
        guard goes else { return [] }
        var message = message(.request, exchange, at: now)
        message.options[DHCPOptionCode.requestedAddress] = offer.address.bytes
        message.options[DHCPOptionCode.serverIdentifier] = offer.server.bytes
        return [
            .send(message, .broadcast(from: .unspecified)),
            .note(.tried(.request, count: tries, nextAt: exchange.nextAt)),
        ]
    }

    private mutating func sendReboot(
        _ exchange: Exchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var exchange = exchange
        let gap = configuration.pace.requestGap(after: exchange.sent &+ 1, using: &random)
        let goes = spend(&exchange, at: now) { _ in gap }
        state = .rebooting(exchange, held)
        guard goes else { return [] }
        var message = message(.request, exchange, at: now)
        message.options[DHCPOptionCode.requestedAddress] = held.lease.address.bytes
        return [
            .send(message, .broadcast(from: .unspecified)),
            .note(.tried(.request, count: tries, nextAt: exchange.nextAt)),
        ]
    }

    private mutating func sendRenewal(
        _ exchange: Exchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var exchange = exchange
        let left = (held.rebindAt ?? now) - now
        let gap = configuration.pace.renewalGap(left: left, using: &random)
        let goes = spend(&exchange, at: now) { _ in gap }
        state = .renewing(exchange, held)
        guard goes else { return [] }
        var message = message(.request, exchange, at: now)
        message.clientAddress = held.lease.address
        return [
            .send(message, .unicast(from: held.lease.address, to: held.lease.server)),
            .note(.tried(.request, count: tries, nextAt: exchange.nextAt)),
        ]
    }

    private mutating func sendRebinding(
        _ exchange: Exchange, _ held: HeldLease, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var exchange = exchange
        let left = (held.endsAt ?? now) - now
        let gap = configuration.pace.renewalGap(left: left, using: &random)
        let goes = spend(&exchange, at: now) { _ in gap }
        state = .rebinding(exchange, held)
        guard goes else { return [] }
        var message = message(.request, exchange, at: now)
        message.clientAddress = held.lease.address
        return [
            .send(message, .broadcast(from: held.lease.address)),
            .note(.tried(.request, count: tries, nextAt: exchange.nextAt)),
        ]
    }

    // MARK: Answers

    private func objection(to message: DHCPMessage, _ exchange: Exchange) -> Ignored? {
        if !message.isReply { return .notAReply }
        if message.hardwareAddress != configuration.hardwareAddress { return .forSomebodyElse }
        if message.transaction != exchange.transaction { return .wrongTransaction }
        return nil
    }

    private mutating func select(
        _ message: DHCPMessage, _ exchange: Exchange, _ held: HeldLease?, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        if let objection = objection(to: message, exchange) { return [.note(.ignored(objection))] }
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
        _ message: DHCPMessage, _ exchange: Exchange, _ held: HeldLease?, offer: Lease? = nil,
        at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        if let objection = objection(to: message, exchange) { return [.note(.ignored(objection))] }
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
            let words = message.options.text(DHCPOptionCode.message)
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
        _ lease: Lease, _ exchange: Exchange, _ earlier: HeldLease?,
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
