/// Ends a checker as gently as it lets itself be ended: SIGINT, then SIGTERM; SIGKILL only when asked for.
package struct CancellationMachine: Sendable {
    package enum Event: Sendable, Equatable {
        case asked
        case askedToKill
        case timeReached
    }

    package enum Effect: Sendable, Equatable {
        case interrupt
        case terminate
        case kill
        /// Both signals were sent, and it goes on: say what it waits for.
        case explain
    }

    /// Time since boot at which the driver must send `.timeReached`; `nil` when nothing is due.
    package private(set) var deadline: Duration?
    private var state = State.running

    private enum State { case running, interrupted, terminated, killed }

    /// How long a checker may take to write down where it is.
    private static let grace = Duration.seconds(10)

    package init() {}

    package var isCancelling: Bool { state != .running }

    package mutating func handle(_ event: Event, at now: Duration) -> [Effect] {
        switch (state, event) {
        case (.running, .asked):
            state = .interrupted
            deadline = now + Self.grace
            return [.interrupt]
        case (.interrupted, .timeReached):
            guard let deadline, now >= deadline else { return [] }
            state = .terminated
            self.deadline = now + Self.grace
            return [.terminate]
        case (.terminated, .timeReached):
            guard let deadline, now >= deadline else { return [] }
            self.deadline = nil
            return [.explain]
        case (.running, .askedToKill), (.interrupted, .askedToKill), (.terminated, .askedToKill):
            state = .killed
            deadline = nil
            return [.kill]
        case (.running, .timeReached), (.interrupted, .asked), (.terminated, .asked),
            (.killed, .asked), (.killed, .askedToKill), (.killed, .timeReached):
            return []
        }
    }
}
