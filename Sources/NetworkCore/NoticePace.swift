/// Which events reach the console: enough to see what is happening, never a flood, however often the network changes its mind.
package struct NoticePace: Sendable {
    private static let burst = 12
    private static let refill = Duration.seconds(30)
    private var fullAt = Duration.zero
    private var nextReminderAt = Duration.zero
    private var reminders = 0

    package init() {}

    /// Whether a change may be said aloud now; counts it when it may. Twelve at once, two a minute for ever.
    package mutating func allowsChange(at now: Duration) -> Bool {
        guard fullAt <= now + Self.refill * (Self.burst - 1) else { return false }
        fullAt = max(fullAt, now) + Self.refill
        return true
    }

    /// Whether it is time to say again that nobody answers: at once, after 10 and 30 s, every minute for ten minutes, then every
    /// ten minutes.
    package mutating func allowsReminder(at now: Duration) -> Bool {
        guard now >= nextReminderAt else { return false }
        reminders &+= 1
        let pause: Duration =
            switch reminders {
            case 1: .seconds(10)
            case 2: .seconds(20)
            case ...12: .seconds(60)
            default: .seconds(600)
            }
        nextReminderAt = now + pause
        return true
    }

    /// Begins anew: the next silence is a new one.
    package mutating func answered() {
        reminders = 0
        nextReminderAt = .zero
    }
}
