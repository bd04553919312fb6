/// When a person at the prompt is told what is missing, and for how long: at once, after a minute, and then after twice
/// as long each time.
package struct Reminders: Sendable {
    /// Of one thing that is missing.
    private struct Reminder {
        let firstAt: Duration
        var nextAt: Duration
    }

    private static let shortest = Duration.seconds(60)
    private var reminders: [String: Reminder] = [:]

    package init() {}

    /// The names to be spoken of now: all of them, or none, for a line at a time would bury the prompt. What is missing
    /// no more is forgotten.
    package mutating func due(_ missing: [String], at now: Duration) -> [String] {
        reminders = reminders.filter { missing.contains($0.key) }
        let isTime = missing.contains { reminders[$0].map { now >= $0.nextAt } ?? true }
        guard isTime else { return [] }
        for name in missing {
            let firstAt = reminders[name]?.firstAt ?? now
            let nextAt = now + max(Self.shortest, now - firstAt)
            reminders[name] = Reminder(firstAt: firstAt, nextAt: nextAt)
        }
        return missing
    }

    /// The time of the next reminder; `nil` when nothing is missing.
    package var nextAt: Duration? { reminders.values.map(\.nextAt).min() }
}
