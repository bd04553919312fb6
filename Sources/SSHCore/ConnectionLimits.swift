/// Decides which connections are let in, so that no number of strangers keeps the administrator out.
///
/// An address here is a neighbourhood: one IPv4 address, or one IPv6 /64 (`IPAddress.neighbourhood`), because whoever
/// has one address of a /64 has them all.
package struct ConnectionLimits: Sendable {
    package struct Configuration: Sendable {
        /// Connections in all. Bounds memory and processes against many addresses with a key each.
        package var total = 100
        /// Connections of one address. Bounds what one thief of a key, or one broken script, can take.
        package var perAddress = 20
        /// Connections that have not logged in, of one address. Bounds one stranger who opens and says nothing.
        package var halfOpenPerAddress = 8
        /// From as many half-open connections on, one of them is dropped with rising probability…
        package var earlyDropFrom = 10
        /// …and always at this many. Bounds many strangers who open and say nothing (MaxStartups of sshd_config(5)).
        /// At 10,000 strangers a minute a place lasts 380 ms: enough for a key exchange over a slow line.
        package var halfOpen = 64
        /// For how long a connection may be half-open. Bounds the time that one stranger holds a place.
        package var handshakeTime = Duration.seconds(15)
        /// Connections that one address may open at once, and how fast it earns the next. Bounds the processes that
        /// one address can make this machine start; a login gives its connection back.
        package var burst = 20
        package var timePerConnection = Duration.milliseconds(500)
        /// Logins that one address may fail, and how fast it is forgiven one. Bounds guessing over many
        /// connections, which a limit on each connection does not.
        package var refusals = 60
        package var timePerRefusal = Duration.seconds(5)
        /// Addresses that are remembered. Bounds this table's memory against a stranger with a whole /32.
        package var addresses = 4096

        package init() {}
    }

    /// What to do with a new connection.
    package enum Decision: Equatable, Sendable {
        case admit
        /// Admit it, and end this half-open one for it.
        case admitInPlaceOf(Int32)
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

    private struct Connection {
        let address: IPAddress
        let since: Duration
        var stage = Stage.silent
        var isHalfOpen: Bool { stage != .loggedIn }
    }

    private enum Stage: Int {
        /// Nothing that costs a client more than a packet was done on it.
        case silent
        /// Its keys are exchanged: the client has worked as much as this machine.
        case exchanged
        case loggedIn
    }

    private struct History {
        var connections: Bucket
        var refusals: Bucket
    }

    private let configuration: Configuration
    private var connections: [Int32: Connection] = [:]
    private var histories: [IPAddress: History] = [:]

    package init(_ configuration: Configuration = .init()) { self.configuration = configuration }

    package var count: Int { connections.count }
    package var halfOpenCount: Int { connections.values.count { $0.isHalfOpen } }

    /// Decides about a new connection; `opened` must follow when it is admitted.
    /// - Parameter roll: a random number in 0..<1000.
    package mutating func decide(
        on address: IPAddress, at now: Duration, roll: Int
    ) -> Decision {
        let address = address.neighbourhood
        var history = history(of: address, at: now)
        guard history.refusals.has(at: now) else { return .turnAway(.tooManyRefusals) }
        let isWithinRate = history.connections.take(at: now)
        remember(history, of: address, at: now)
        guard isWithinRate else { return .turnAway(.tooFast) }

        let ofAddress = connections.values.filter { $0.address == address }
        guard ofAddress.count < configuration.perAddress else {
            return .turnAway(.tooManyOfAddress)
        }
        guard ofAddress.count(where: { $0.isHalfOpen }) < configuration.halfOpenPerAddress else {
            return .turnAway(.tooManyHalfOpenOfAddress)
        }
        if mustDropOne(roll: roll) { return drop(for: address) }
        return connections.count < configuration.total ? .admit : .turnAway(.tooManyInAll)
    }

    /// The connection that was admitted runs as process `id`.
    package mutating func opened(_ id: Int32, from address: IPAddress, at now: Duration) {
        connections[id] = Connection(address: address.neighbourhood, since: now)
    }

    /// Its keys are exchanged.
    package mutating func exchanged(_ id: Int32) {
        if connections[id]?.stage == .silent { connections[id]?.stage = .exchanged }
    }

    /// Somebody logged in on it.
    package mutating func loggedIn(_ id: Int32, at now: Duration) {
        guard let connection = connections[id], connection.isHalfOpen else { return }
        connections[id]?.stage = .loggedIn
        var history = history(of: connection.address, at: now)
        history.connections.giveBack()
        remember(history, of: connection.address, at: now)
    }

    /// A login failed on it.
    package mutating func refused(_ id: Int32, at now: Duration) {
        guard let address = connections[id]?.address else { return }
        var history = history(of: address, at: now)
        _ = history.refusals.take(at: now)
        remember(history, of: address, at: now)
    }

    package mutating func closed(_ id: Int32) { connections[id] = nil }

    /// When the next half-open connection has had its time, or `nil` when there is none.
    package var deadline: Duration? {
        connections.values.lazy.filter { $0.isHalfOpen }.map { $0.since }.min()
            .map { $0 + configuration.handshakeTime }
    }

    /// The half-open connections whose time is over; the same ones again until they are `closed`.
    package func overdue(at now: Duration) -> [Int32] {
        connections.filter {
            $0.value.isHalfOpen && now >= $0.value.since + configuration.handshakeTime
        }.keys.sorted()
    }

    /// Random early drop: nobody can work out which connection will be the one too many.
    private func mustDropOne(roll: Int) -> Bool {
        let open = halfOpenCount
        guard open >= configuration.earlyDropFrom else { return false }
        guard open < configuration.halfOpen else { return true }
        // From 300 in a thousand at the start to all at the end, like sshd's 10:30:100.
        let span = max(1, configuration.halfOpen - configuration.earlyDropFrom)
        return roll < 300 + 700 * (open - configuration.earlyDropFrom) / span
    }

    /// The address with the most half-open connections loses one: the newcomer, when it is its address; else the
    /// oldest, which has had the most time. Whoever has exchanged keys comes last. So a stranger pushes out strangers,
    /// and someone new gets in.
    private func drop(for newcomer: IPAddress) -> Decision {
        let halfOpen = connections.filter { $0.value.isHalfOpen }
        let own = halfOpen.values.count { $0.address == newcomer }
        let silent = halfOpen.filter { $0.value.stage == .silent }
        let candidates = silent.isEmpty ? halfOpen : silent
        var counts: [IPAddress: Int] = [:]
        for connection in candidates.values { counts[connection.address, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        if own > 0, own >= most { return .turnAway(.earlyDrop) }
        let victim = candidates.filter { counts[$0.value.address] == most }
            .min { ($0.value.since, $0.key) < ($1.value.since, $1.key) }
        guard let victim else { return .turnAway(.earlyDrop) }
        return .admitInPlaceOf(victim.key)
    }

    private func history(of address: IPAddress, at now: Duration) -> History {
        histories[address]
            ?? History(
                connections: Bucket(
                    capacity: configuration.burst, timePerToken: configuration.timePerConnection,
                    at: now),
                refusals: Bucket(
                    capacity: configuration.refusals, timePerToken: configuration.timePerRefusal,
                    at: now))
    }

    private mutating func remember(_ history: History, of address: IPAddress, at now: Duration) {
        if histories[address] == nil, histories.count >= configuration.addresses {
            histories = histories.filter {
                !$0.value.connections.isFull(at: now) || !$0.value.refusals.isFull(at: now)
            }
            // All of them are at it: who is remembered matters less than that the table stays small.
            if histories.count >= configuration.addresses { histories.removeAll() }
        }
        histories[address] = history
    }
}
