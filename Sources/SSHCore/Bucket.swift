/// A token bucket: so many at once, then one for every `timePerToken`.
struct Bucket: Sendable {
    private let capacity: Int
    private let timePerToken: Duration
    private var tokens: Int
    /// From when on the next token is earned.
    private var since: Duration

    init(capacity: Int, timePerToken: Duration, at now: Duration) {
        self.capacity = capacity
        self.timePerToken = timePerToken
        tokens = capacity
        since = now
    }

    /// Takes one token; `false`, with nothing taken, when there is none.
    mutating func take(at now: Duration) -> Bool {
        earn(at: now)
        guard tokens > 0 else { return false }
        tokens -= 1
        return true
    }

    mutating func has(at now: Duration) -> Bool {
        earn(at: now)
        return tokens > 0
    }

    mutating func giveBack() { tokens = min(capacity, tokens + 1) }

    func isFull(at now: Duration) -> Bool {
        var later = self
        later.earn(at: now)
        return later.tokens == capacity
    }

    private mutating func earn(at now: Duration) {
        let passed = now - since
        guard passed >= timePerToken else { return }
        // As whole nanoseconds: a century of them fits.
        let earned = Self.nanoseconds(passed) / max(1, Self.nanoseconds(timePerToken))
        if earned >= Int64(capacity - tokens) {
            tokens = capacity
            since = now
        } else {
            tokens += Int(earned)
            since += timePerToken * Int(earned)
        }
    }

    private static func nanoseconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product &+ attoseconds / 1_000_000_000
    }
}
