import Addresses

/// Decides which connections are let in, and which of those get a process, so that no number of strangers keeps the
/// administrator out.
///
/// A connection passes through stages, and each stage has places of its own: strangers who crowd one push out each
/// other, and nobody who is further. Whoever is pushed out has many connections open, or has not got on with the
/// dialogue for the longest time. An address here is a neighbourhood: one IPv4 address, or one IPv6 /64.
package struct ConnectionLimits: Sendable {
    /// A connection, by a number that its owner gives it.
    package typealias ID = Int32

    /// How far a connection has come.
    package enum Stage: Int, Sendable, CaseIterable {
        /// Nothing has come in on it: it costs a descriptor.
        case silent
        /// Something has come in; it waits for a process.
        case spoken
        /// Its process and the client exchange keys.
        case started
        /// Keys are exchanged.
        case exchanged
        /// A person is at it: a listed key was offered, or the passphrase was asked for.
        case offered
        case loggedIn
    }

    /// What to do with a new connection.
    package enum Decision: Equatable, Sendable {
        case admit
        /// Admit it, and end this one for it.
        case admitInPlaceOf(ID)
        case turnAway(Reason)
    }

    package enum Reason: String, Sendable, Equatable, CaseIterable {
        case tooManyInAll = "too many connections are open"
        case tooManyOfAddress = "this address has too many connections open"
        case tooManyHalfOpenOfAddress = "this address has too many connections that did not log in"
        case tooFast = "this address connects too often"
        case tooManyRefusals = "this address failed to log in too often"
        case earlyDrop = "too many connections did not log in"
    }

    /// A connection that gets a process now.
    package struct Start: Equatable, Sendable {
        package let id: ID
        /// The one that is ended for it.
        package let inPlaceOf: ID?
    }

    private struct Connection {
        let address: IPAddress
        let since: Duration
        var stage = Stage.silent
        /// When the dialogue last got on.
        var progress: Duration
        /// Whether its process has done its own start-up.
        var isReady = false
        var isHalfOpen: Bool { stage != .loggedIn }
    }

    private let configuration: Configuration
    private var connections: [ID: Connection] = [:]
    private var weights = AddressWeights()
    private var counts = [Int](repeating: 0, count: Stage.allCases.count)
    private var histories: AddressHistories

    package init(_ configuration: Configuration = .init()) {
        self.configuration = configuration
        histories = AddressHistories(configuration)
    }

    package func count(_ stage: Stage) -> Int { counts[stage.rawValue] }
    package func contains(_ id: ID) -> Bool { connections[id] != nil }
    /// Whether its process listens to the client.
    package func isReady(_ id: ID) -> Bool { connections[id]?.isReady ?? false }
    package var halfOpenCount: Int { connections.count - count(.loggedIn) }

    /// Whether somebody logged in from there before.
    package func isKnown(_ address: IPAddress) -> Bool { histories.isKnown(address.neighbourhood) }

    // MARK: What happens to a connection

    /// A connection has come in; it counts from now on when it is admitted.
    /// - Parameter roll: a random number in 0..<1000.
    package mutating func arrived(
        _ id: ID, from address: IPAddress, at now: Duration, roll: Int
    ) -> Decision {
        let address = address.neighbourhood
        if let reason = histories.refusal(of: address, at: now) { return .turnAway(reason) }
        let ofAddress = connections.values.filter { $0.address == address }
        guard ofAddress.count < configuration.perAddress else {
            return .turnAway(.tooManyOfAddress)
        }
        guard ofAddress.count(where: { $0.isHalfOpen }) < configuration.halfOpenPerAddress else {
            return .turnAway(.tooManyHalfOpenOfAddress)
        }
        guard count(.loggedIn) < configuration.total else { return .turnAway(.tooManyInAll) }
        let mayDrop = !histories.isKnown(address)
        let victim: ID?
        if mayDrop, mustDropOne(roll: roll) {
            victim = worst(of: .silent)
            let weight = weights.of(address)
            guard weight == 0 || weight < self.weight(of: victim) else {
                return .turnAway(.earlyDrop)
            }
        } else {
            victim = nil
        }
        remove(id)
        connections[id] = Connection(address: address, since: now, progress: now)
        counts[Stage.silent.rawValue] += 1
        weights.add(address)
        return admitting(inPlaceOf: victim)
    }

    /// The first bytes have come in on it.
    /// - Returns: whose place it takes among those who wait for a process.
    package mutating func spoke(_ id: ID, at now: Duration) -> ID? {
        guard connections[id]?.stage == .silent else { return nil }
        return move(id, upTo: .spoken, at: now)
    }

    /// Who gets a process now; asked again until it says `nil`.
    /// - Parameter roll: a random number in 0..<1000.
    package mutating func next(at now: Duration, roll: Int) -> Start? {
        guard count(.spoken) > 0 || count(.silent) > 0 && isQuiet else { return nil }
        let starting = connections.values.count { $0.stage == .started && !$0.isReady }
        guard starting < configuration.starting, let id = chosen(at: now, roll)
        else { return nil }
        var victim: ID?
        if count(.started) >= configuration.places(.started) {
            // Who has just got on with the dialogue is not pushed out: else, in a flood, nobody would ever finish.
            victim = worst(of: .started, restingSince: now - configuration.patienceForProgress)
            guard victim != nil else { return nil }
        }
        move(id, to: .started, at: now)
        if let victim { remove(victim) }
        return Start(id: id, inPlaceOf: victim)
    }

    /// Its process has started up and listens to the client.
    package mutating func ready(_ id: ID, at now: Duration) {
        connections[id]?.isReady = true
        progressed(id, at: now)
    }

    /// A packet of its dialogue was dealt with.
    package mutating func progressed(_ id: ID, at now: Duration) {
        connections[id]?.progress = now
    }

    /// Its keys are exchanged, or a person is at it.
    /// - Returns: whose place it takes.
    package mutating func reached(_ stage: Stage, _ id: ID, at now: Duration) -> ID? {
        guard let connection = connections[id], connection.isHalfOpen,
            connection.stage.rawValue < stage.rawValue
        else { return nil }
        connections[id]?.isReady = true
        return move(id, upTo: stage, at: now)
    }

    /// Somebody logged in on it.
    package mutating func loggedIn(_ id: ID, at now: Duration) {
        guard let connection = connections[id], connection.isHalfOpen else { return }
        move(id, to: .loggedIn, at: now)
        histories.loggedIn(connection.address, at: now)
    }

    /// A login failed on it.
    package mutating func refused(_ id: ID, at now: Duration) {
        guard let address = connections[id]?.address else { return }
        histories.failed(address, at: now)
    }

    package mutating func closed(_ id: ID) { remove(id) }

    private mutating func move(_ id: ID, upTo stage: Stage, at now: Duration) -> ID? {
        let victim = count(stage) >= configuration.places(stage) ? worst(of: stage) : nil
        move(id, to: stage, at: now)
        if let victim { remove(victim) }
        return victim
    }

    private mutating func move(_ id: ID, to stage: Stage, at now: Duration) {
        guard let connection = connections[id] else { return }
        counts[connection.stage.rawValue] -= 1
        counts[stage.rawValue] += 1
        if stage == .loggedIn, connection.isHalfOpen { weights.remove(connection.address) }
        connections[id]?.stage = stage
        connections[id]?.progress = now
    }

    private mutating func remove(_ id: ID) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        counts[connection.stage.rawValue] -= 1
        if connection.isHalfOpen { weights.remove(connection.address) }
    }

    private mutating func admitting(inPlaceOf victim: ID?) -> Decision {
        guard let victim else { return .admit }
        remove(victim)
        return .admitInPlaceOf(victim)
    }

    // MARK: Time

    /// When something is due, though nothing happens: a connection has had its time, or one that says nothing gets its
    /// process all the same. `nil` when there is nothing.
    /// - Parameter now: when `next` and `overdue` were asked last.
    package func deadline(after now: Duration) -> Duration? {
        var due = connections.values.compactMap { end(of: $0) }
        if isQuiet {
            due += connections.values.filter { $0.stage == .silent }
                .map { $0.since + configuration.patienceForBanner }
        }
        if count(.spoken) > 0 {
            due += connections.values.filter { $0.stage == .started }
                .map { $0.progress + configuration.patienceForProgress }
        }
        return due.filter { $0 > now }.min()
    }

    /// The half-open connections whose time is over; the same ones again until they are `closed`.
    package func overdue(at now: Duration) -> [ID] {
        connections.filter { end(of: $0.value).map { now >= $0 } ?? false }.keys.sorted()
    }

    private func end(of connection: Connection) -> Duration? {
        switch connection.stage {
        case .silent, .spoken: connection.since + configuration.handshakeTime
        case .started: connection.since + configuration.handshakeTime + configuration.grace
        case .exchanged, .offered: connection.since + configuration.loginTime + configuration.grace
        case .loggedIn: nil
        }
    }

    // MARK: Who goes first, and who goes

    /// Whether so few are half-open that those who say nothing may have a process too.
    private var isQuiet: Bool {
        count(.started) + count(.exchanged) + count(.offered) < configuration.quiet
    }

    /// Who logged in from there before comes first, then who has the fewest connections, then whom chance picks: where
    /// not all can be served, nobody can work out when to come so as to be served before others.
    private func chosen(at now: Duration, _ roll: Int) -> ID? {
        let mayBeSilent = isQuiet
        let candidates = connections.filter {
            $0.value.stage == .spoken
                || mayBeSilent && $0.value.stage == .silent
                    && now >= $0.value.since + configuration.patienceForBanner
        }
        let ranks = candidates.mapValues {
            histories.isKnown($0.address) ? -1 : weights.of($0.address)
        }
        let best = ranks.values.min()
        let ids = ranks.filter { $0.value == best }.keys.sorted()
        return ids.isEmpty ? nil : ids[max(0, roll) % ids.count]
    }

    /// Random early drop: nobody can work out which connection will be the one too many. From 300 in a thousand, where
    /// a third of the places is taken, to all of them, like sshd's MaxStartups 10:30:100.
    private func mustDropOne(roll: Int) -> Bool {
        let places = configuration.places(.silent)
        let from = places / 3
        let taken = count(.silent)
        guard taken >= from else { return false }
        guard taken < places else { return true }
        return roll < 300 + 700 * (taken - from) / max(1, places - from)
    }

    /// Who loses its place: one of the heaviest address; among those the one that rests longest.
    private func worst(of stage: Stage, restingSince limit: Duration? = nil) -> ID? {
        let candidates = connections.filter {
            $0.value.stage == stage && $0.value.progress <= limit ?? .seconds(Int64.max)
                && !histories.isKnown($0.value.address)
        }
        return candidates.min {
            let (first, second) = ($0.value, $1.value)
            return (-weights.of(first.address), first.progress, $0.key)
                < (-weights.of(second.address), second.progress, $1.key)
        }?.key
    }

    private func weight(of id: ID?) -> Int {
        id.flatMap { connections[$0] }.map { weights.of($0.address) } ?? 0
    }
}
