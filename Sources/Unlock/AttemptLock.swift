import LinuxKit

/// Keeps two administrators from trying passphrases at the same moment: two writers would mix in askpass's FIFO.
enum AttemptLock {
    /// Waits until no other attempt runs, at most until `deadline`; says once through `waiting` which process has it.
    /// - Returns: `nil` at the deadline.
    static func take(
        until deadline: Duration, waiting: (Int32?) -> Void
    ) throws(SystemError) -> LockFile? {
        let path = StateFile.directory + "/lock"
        try Files.makeDirectory(StateFile.directory, mode: 0o750)
        var hasSaid = false
        while true {
            if let lock = try LockFile(taking: path) { return lock }
            if !hasSaid { waiting(LockFile.holder(path)) }
            hasSaid = true
            guard Clock.now < deadline else { return nil }
            // flock has no event to poll for.
            _ = try Poll.wait([], until: min(deadline, Clock.now + .milliseconds(200)))
        }
    }
}
