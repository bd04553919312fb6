import Addresses

/// What is remembered of addresses between their connections, in bounded memory.
struct AddressHistories: Sendable {
    private struct History {
        var connections: Bucket
        var refusals: Bucket
    }

    private let configuration: ConnectionLimits.Configuration
    private var histories: [IPAddress: History] = [:]
    /// Where somebody logged in from, and when last.
    private var known: [IPAddress: Duration] = [:]

    init(_ configuration: ConnectionLimits.Configuration) { self.configuration = configuration }

    func isKnown(_ address: IPAddress) -> Bool { known[address] != nil }

    /// Counts a connection that comes in.
    /// - Returns: why it must be turned away, or `nil`.
    mutating func refusal(
        of address: IPAddress, at now: Duration
    ) -> ConnectionLimits.Reason? {
        var history = history(of: address, at: now)
        guard history.refusals.has(at: now) else { return .tooManyRefusals }
        let isWithinRate = history.connections.take(at: now)
        remember(history, of: address, at: now)
        return isWithinRate ? nil : .tooFast
    }

    mutating func loggedIn(_ address: IPAddress, at now: Duration) {
        var history = history(of: address, at: now)
        history.connections.giveBack()
        remember(history, of: address, at: now)
        known[address] = now
        guard known.count > configuration.knownAddresses,
            let oldest = known.min(by: { $0.value < $1.value })
        else { return }
        known[oldest.key] = nil
    }

    mutating func failed(_ address: IPAddress, at now: Duration) {
        var history = history(of: address, at: now)
        _ = history.refusals.take(at: now)
        remember(history, of: address, at: now)
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
