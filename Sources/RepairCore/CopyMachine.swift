/// When the copy of an attempt's record is renewed: at once when something has changed that a person would want to know
/// after a reset, and each minute. One copy at a time: a place that hangs gets no second.
package struct CopyMachine: Sendable {
    package enum Event: Sendable, Equatable {
        /// The verdict or the stage has changed, or it is being cancelled.
        case news
        case timeReached
        /// The copying has ended, with the reason where it failed.
        case copied(failure: String?)
    }

    package enum Effect: Sendable, Equatable {
        case copy
        /// No copy could be made, or it does not end; said once for as long as that is so.
        case complain(String)
        /// After a complaint: there is a copy again.
        case recovered
    }

    /// Time since boot at which the driver must send `.timeReached`; `nil` when nothing is due.
    package private(set) var deadline: Duration?

    private enum State {
        case waiting
        /// `again`: something has changed since it began.
        case copying(since: Duration, again: Bool)
    }

    private let every: Duration
    private var state = State.waiting
    private var lastStart: Duration?
    private var isFailing = false

    /// A verdict that flickers must not keep a slow place busy.
    private let gap: Duration
    /// A place that takes longer is named, and waited for all the same.
    private static let patience = Duration.seconds(20)

    /// - Parameter every: the longest time without a new copy.
    package init(every: Duration = .seconds(60)) {
        self.every = every
        gap = every / 12
    }

    package mutating func handle(_ event: Event, at now: Duration) -> [Effect] {
        switch (state, event) {
        case (.waiting, .news):
            let due = max(now, lastStart.map { $0 + gap } ?? now)
            guard due <= now else {
                deadline = min(due, deadline ?? due)
                return []
            }
            return begin(now)
        case (.waiting, .timeReached):
            guard let deadline, now >= deadline else { return [] }
            return begin(now)
        case (.waiting, .copied): return []
        case (.copying(let since, _), .news):
            state = .copying(since: since, again: true)
            return []
        case (.copying(let since, _), .timeReached):
            guard now >= since + Self.patience else { return [] }
            deadline = nil
            return complain("it does not answer")
        case (.copying(_, let again), .copied(let failure)):
            state = .waiting
            let next = (lastStart ?? now) + (again ? gap : every)
            deadline = max(next, now)
            if let failure { return complain(failure) }
            guard isFailing else { return [] }
            isFailing = false
            return [.recovered]
        }
    }

    private mutating func begin(_ now: Duration) -> [Effect] {
        state = .copying(since: now, again: false)
        lastStart = now
        deadline = now + Self.patience
        return [.copy]
    }

    private mutating func complain(_ reason: String) -> [Effect] {
        guard !isFailing else { return [] }
        isFailing = true
        return [.complain(reason)]
    }
}
