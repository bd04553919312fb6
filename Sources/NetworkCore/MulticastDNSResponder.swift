import Addresses

/// Answers for one name, HOSTNAME.local, on one interface, and for nothing else. Source: RFC 6762.
///
/// It claims the name by probes (§8.1), announces it (§8.3), answers (§6), gives way to somebody who has it (§9), and
/// never sends one record to everybody twice within a second, nor more than ten messages a second in all.
package struct MulticastDNSResponder: Sendable {
    package typealias Message = MulticastDNSMessage

    package enum Event: Sendable {
        /// The addresses of the interface; none: nobody could use an answer.
        case addresses([IPv4Address], [IPv6Address])
        /// - Parameter isLegacy: it came from another port than 5353, so that its sender is no multicast DNS but wants an answer
        ///   as from any name server (§6.7).
        case received(Message, isLegacy: Bool)
        case timeReached
    }

    package enum Effect: Equatable, Sendable {
        case send(Message)
        /// To whoever sent what was received.
        case reply(Message)
        /// Claims another name now: somebody else has the one before.
        case renamed(String)
    }

    private enum State: Equatable {
        case silent
        /// Sends the probe number `sent` + 1 at the time.
        case probing(sent: Int, nextAt: Duration)
        case announcing(sent: Int, nextAt: Duration)
        case settled
    }

    private let base: String
    private var number = 1
    private var state = State.silent
    private var records: [Message.Record] = []
    /// When each kind of record went to everybody last.
    private var sentAt: [UInt16: Duration] = [:]
    private var conflicts = 0
    private var fullAt = Duration.zero

    /// Seconds; for records with a host name. Source: RFC 6762 §10.
    private static let lifetime: UInt32 = 120
    private static let burst = 10
    private static let refill = Duration.milliseconds(100)
    private static let mostConflicts = 15

    /// - Parameter host: a host name; what stands behind its first dot is left out.
    package init(host: String) {
        let label = host.prefix { $0 != "." }.prefix(50).lowercased()
        base = label.isEmpty ? "davit" : label
    }

    /// The name that it answers for, or claims.
    package var name: String { (number == 1 ? base : "\(base)-\(number)") + ".local" }

    /// Whether nobody else has the name.
    package var isEstablished: Bool {
        switch state {
        case .silent, .probing: false
        case .announcing, .settled: true
        }
    }

    package var deadline: Duration? {
        switch state {
        case .silent, .settled: nil
        case .probing(_, let nextAt), .announcing(_, let nextAt): nextAt
        }
    }

    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch event {
        case .addresses(let addresses, let addresses6):
            return take(addresses, addresses6, at: now, &random)
        case .timeReached: return timeReached(at: now)
        case .received(let message, let isLegacy):
            return message.isResponse
                ? heard(message, at: now, &random)
                : asked(message, isLegacy: isLegacy, at: now)
        }
    }

    private mutating func take(
        _ addresses: [IPv4Address], _ addresses6: [IPv6Address], at now: Duration,
        _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        func record(_ kind: UInt16, _ data: [UInt8]) -> Message.Record {
            .init(name, kind, lifetime: Self.lifetime, isUnique: true, data: data)
        }
        let fresh =
            addresses.prefix(8).map { record(Message.Kind.address, $0.bytes) }
            + addresses6.prefix(8).map { record(Message.Kind.address6, $0.bytes) }
        guard fresh != records else { return [] }
        records = fresh
        switch state {
        case _ where fresh.isEmpty: state = .silent
        case .silent: probe(at: now, &random)
        // The name is ours: what it stands for is said anew (§8.4).
        case .announcing, .settled: state = .announcing(sent: 0, nextAt: now)
        case .probing: break
        }
        return []
    }

    private mutating func probe(
        at now: Duration, after pause: Duration = .zero, _ random: inout some RandomNumberGenerator
    ) {
        let wait = Duration.milliseconds(Int.random(in: 0...250, using: &random))
        state = .probing(sent: 0, nextAt: now + pause + wait)
    }

    private mutating func timeReached(at now: Duration) -> [Effect] {
        switch state {
        case .silent, .settled: return []
        case .probing(let sent, let nextAt):
            guard nextAt <= now else { return [] }
            guard sent < 3 else {
                state = .announcing(sent: 0, nextAt: now)
                return timeReached(at: now)
            }
            state = .probing(sent: sent + 1, nextAt: now + .milliseconds(250))
            var message = Message()
            message.questions = [.init(name, Message.Kind.any, wantsUnicast: true)]
            message.authorities = records.map { record in
                var record = record
                record.isUnique = false
                return record
            }
            return spend(at: now) ? [.send(message)] : []
        case .announcing(let sent, let nextAt):
            guard nextAt <= now else { return [] }
            state = sent >= 1 ? .settled : .announcing(sent: 1, nextAt: now + .seconds(1))
            return answer(records, at: now)
        }
    }

    // MARK: What others say

    /// Somebody's answer or announcement: is it about our name, and with other data?
    private mutating func heard(
        _ message: Message, at now: Duration, _ random: inout some RandomNumberGenerator
    ) -> [Effect] {
        let isConflict = (message.answers + message.additions).contains { record in
            record.name == name && record.lifetime > 0
                && [Message.Kind.address, Message.Kind.address6].contains(record.kind)
                && !records.contains { $0.kind == record.kind && $0.data == record.data }
        }
        guard isConflict else { return [] }
        switch state {
        case .silent: return []
        // Both were sure, as after two networks became one: who is sure again by probes keeps the name (§9).
        case .announcing, .settled:
            probe(at: now, &random)
            return []
        case .probing:
            conflicts &+= 1
            number = number % 99 + 1
            for place in records.indices { records[place].name = name }
            // Somebody who has every name is not to be flooded (§8.1).
            probe(at: now, after: conflicts < Self.mostConflicts ? .zero : .seconds(5), &random)
            return [.renamed(name)]
        }
    }

    private mutating func asked(
        _ message: Message, isLegacy: Bool, at now: Duration
    ) -> [Effect] {
        if case .probing(let sent, _) = state {
            // Two who claim one name at once: the later data win, the other waits and asks again (§8.2).
            let theirs = message.authorities.filter { $0.name == name }
            if sent > 0, !theirs.isEmpty, Self.isLater(theirs, than: records) {
                state = .probing(sent: 0, nextAt: now + .seconds(1))
            }
            return []
        }
        guard isEstablished else { return [] }
        var multicast: [Message.Record] = []
        var unicast: [Message.Record] = []
        for question in message.questions where question.name == name {
            for record in matching(question) where !isKnown(record, message) {
                let isForOne = isLegacy || question.wantsUnicast && isFresh(record.kind, at: now)
                if isForOne {
                    if !unicast.contains(record) { unicast.append(record) }
                } else if !multicast.contains(record) {
                    multicast.append(record)
                }
            }
        }
        var effects: [Effect] = []
        if !unicast.isEmpty, spend(at: now) {
            effects.append(.reply(reply(unicast, to: message, isLegacy: isLegacy)))
        }
        // A probe is answered at once, for its sender does not wait (§6).
        let pause = message.authorities.isEmpty ? Duration.seconds(1) : .milliseconds(250)
        let due = multicast.filter { record in sentAt[record.kind].map { now - $0 >= pause } ?? true
        }
        return effects + answer(due, at: now)
    }

    /// The records that answer a question, or the one that says that there is none (§6.1).
    private func matching(_ question: Message.Question) -> [Message.Record] {
        if question.kind == Message.Kind.any { return records }
        let found = records.filter { $0.kind == question.kind }
        return found.isEmpty ? [absence] : found
    }

    /// Which kinds of records the name has: a bitmap (RFC 4034 §4.1.2) in a form of its own for multicast DNS.
    private var absence: Message.Record {
        var bitmap: [UInt8] = [0, 0, 0, 0]
        for kind in Set(records.map { Int($0.kind) }) where kind < 32 {
            bitmap[kind / 8] |= 0x80 >> UInt8(kind % 8)
        }
        return .init(
            name, Message.Kind.nextSecure, lifetime: Self.lifetime, isUnique: true,
            data: Message.encoded(name) + [0, 4] + bitmap)
    }

    /// Whether the asker has the record and will have it for a while (§7.1).
    private func isKnown(_ record: Message.Record, _ message: Message) -> Bool {
        message.answers.contains {
            $0.name == record.name && $0.kind == record.kind && $0.data == record.data
                && $0.lifetime >= record.lifetime / 2
        }
    }

    /// Whether everybody was told not long ago (§5.4).
    private func isFresh(_ kind: UInt16, at now: Duration) -> Bool {
        sentAt[kind].map { now - $0 < .seconds(Int64(Self.lifetime / 4)) } ?? false
    }

    private func reply(
        _ records: [Message.Record], to message: Message, isLegacy: Bool
    ) -> Message {
        var reply = Message()
        reply.isResponse = true
        reply.answers = records
        guard isLegacy else { return reply }
        reply.identifier = message.identifier
        reply.questions = message.questions.filter { $0.name == name }
        for place in reply.questions.indices { reply.questions[place].wantsUnicast = false }
        for place in reply.answers.indices {
            reply.answers[place].lifetime = 10
            reply.answers[place].isUnique = false
        }
        return reply
    }

    private mutating func answer(_ records: [Message.Record], at now: Duration) -> [Effect] {
        guard !records.isEmpty, spend(at: now) else { return [] }
        for record in records { sentAt[record.kind] = now }
        var message = Message()
        message.isResponse = true
        message.answers = records
        return [.send(message)]
    }

    private mutating func spend(at now: Duration) -> Bool {
        guard fullAt <= now + Self.refill * (Self.burst - 1) else { return false }
        fullAt = max(fullAt, now) + Self.refill
        return true
    }

    /// Compares two sets of records as §8.2.1 has it: by kind, then by their bytes, each set in order.
    private static func isLater(_ one: [Message.Record], than other: [Message.Record]) -> Bool {
        func keys(_ records: [Message.Record]) -> [[UInt8]] {
            records.map { [UInt8($0.kind >> 8), UInt8($0.kind & 0xFF)] + $0.data }
                .sorted { $0.lexicographicallyPrecedes($1) }
        }
        for (left, right) in zip(keys(one), keys(other)) where left != right {
            return right.lexicographicallyPrecedes(left)
        }
        return one.count > other.count
    }
}
