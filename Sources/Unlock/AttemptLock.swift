import LinuxKit

/// Keeps two administrators from trying passphrases at the same moment: two writers would mix in askpass's FIFO.
enum AttemptLock {
    static var path: String { StateFile.directory + "/lock" }

    /// What waiting for the lock came to.
    enum Turn: ~Copyable {
        case taken(LockFile)
        case without
        case timedOut
        case signal(Int32)
    }

    /// Waits until no other attempt runs, at most until `deadline`, where there is one; says once through `waiting` which process has it.
    ///
    /// Where /run cannot be written there is no lock, and the attempt goes on without: unlocking matters more.
    /// - Returns: `.timedOut` at the deadline, `.signal` when one of `signals` comes first.
    static func take(
        until deadline: Duration?, signals: borrowing SignalDescriptor, waiting: (Int32?) -> Void
    ) throws(SystemError) -> Turn {
        try? Files.makeDirectory(StateFile.directory, mode: 0o750)
        var hasSaid = false
        while true {
            do throws(SystemError) {
                if let lock = try LockFile(taking: path) { return .taken(lock) }
            } catch {
                return .without
            }
            if !hasSaid { waiting(LockFile.holder(path)) }
            hasSaid = true
            if let deadline, Clock.now >= deadline { return .timedOut }
            // flock has no event to poll for.
            let interest = Poll.Interest(signals.number, .input)
            let look = Clock.now + .milliseconds(200)
            _ = try Poll.wait([interest], until: deadline.map { min($0, look) } ?? look)
            if let signal = signals.next() { return .signal(signal) }
        }
    }
}
