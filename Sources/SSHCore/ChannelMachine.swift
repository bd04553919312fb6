/// One session channel, from its request to its end. Source: RFC 4254 §5.3, §6.10.
///
/// The program's output may outlive the program (something that it left behind holds the pipe), and the program may
/// outlive the client: neither may hold the channel for ever.
package struct ChannelMachine: Sendable {
    package enum Event: Sendable, Equatable {
        /// The program that was asked for runs.
        case started
        /// The client sends nothing more.
        case inputEnded
        /// All output was read, to its end.
        case outputEnded
        /// Output is there or was just read.
        case outputMoved
        /// The program ended.
        case exited(Exit)
        /// The client closed the channel, or is gone.
        case clientLeft
        case timeReached
    }

    package enum Effect: Sendable, Equatable {
        case endInput
        case sendEnd
        case report(Exit)
        /// SIGHUP to the program and what it started.
        case hangUp
        /// SIGKILL to the same.
        case kill
        case close
    }

    /// How a program ended.
    package enum Exit: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    /// How long output may be silent, but not ended, after the program has.
    package static let patienceForOutput = Duration.seconds(2)
    /// How long a program may take to end after its client has left.
    package static let patienceForProgram = Duration.seconds(5)

    /// Time since boot at which the driver must send `.timeReached`; `nil` when idle.
    package private(set) var deadline: Duration?
    private var state = State.idle

    private enum State: Sendable, Equatable {
        /// No program was asked for yet.
        case idle
        case running(outputEnded: Bool)
        /// The program ended; its output is still to come.
        case draining(Exit)
        /// The client left; the program has been told.
        case abandoned
        case closed
    }

    package init() {}

    package var isIdle: Bool { state == .idle }
    package var isClosed: Bool { state == .closed }

    package mutating func handle(_ event: Event, at now: Duration) -> [Effect] {
        switch (state, event) {
        case (.idle, .started):
            state = .running(outputEnded: false)
            return []
        case (.idle, .clientLeft):
            return close([])
        case (.idle, .inputEnded), (.idle, .outputEnded), (.idle, .outputMoved), (.idle, .exited),
            (.idle, .timeReached):
            return []

        case (.running, .inputEnded):
            return [.endInput]
        case (.running(outputEnded: false), .outputEnded):
            state = .running(outputEnded: true)
            return [.sendEnd]
        case (.running(outputEnded: true), .exited(let exit)):
            return close([.report(exit)])
        case (.running(outputEnded: false), .exited(let exit)):
            state = .draining(exit)
            deadline = now + Self.patienceForOutput
            return []
        case (.running, .clientLeft):
            state = .abandoned
            deadline = now + Self.patienceForProgram
            return [.hangUp]
        case (.running, .started), (.running(outputEnded: true), .outputEnded),
            (.running, .outputMoved), (.running, .timeReached):
            return []

        case (.draining(let exit), .outputEnded):
            return close([.report(exit), .sendEnd])
        case (.draining, .outputMoved):
            deadline = now + Self.patienceForOutput
            return []
        case (.draining(let exit), .timeReached):
            guard let deadline, now >= deadline else { return [] }
            return close([.report(exit), .sendEnd])
        case (.draining, .clientLeft):
            return close([])
        case (.draining, .started), (.draining, .inputEnded), (.draining, .exited):
            return []

        case (.abandoned, .exited):
            return close([])
        // Nobody is left to fetch output, so what waits to be fetched gives the program no more time.
        case (.abandoned, .timeReached), (.abandoned, .outputMoved):
            guard let reached = deadline, now >= reached else { return [] }
            deadline = nil
            return [.kill]
        case (.abandoned, .started), (.abandoned, .inputEnded), (.abandoned, .outputEnded),
            (.abandoned, .clientLeft):
            return []

        case (.closed, .started), (.closed, .inputEnded), (.closed, .outputEnded),
            (.closed, .outputMoved), (.closed, .exited), (.closed, .clientLeft),
            (.closed, .timeReached):
            return []
        }
    }

    private mutating func close(_ effects: [Effect]) -> [Effect] {
        state = .closed
        deadline = nil
        return effects + [.close]
    }
}
