import LinuxKit

/// For the tests of being killed: `DAVIT_EXPORT_KILL_AFTER=N` lets the process kill itself (SIGKILL) after the Nth thing
/// that it has changed: a step in configfs, or a file of its own. Nothing else reads the variable.
enum Checkpoint {
    private static let limit = Environment["DAVIT_EXPORT_KILL_AFTER"].flatMap { Int($0) }
    nonisolated(unsafe) private static var count = 0

    /// Called after every change.
    static func passed() {
        guard let limit else { return }
        count += 1
        if count >= limit { try? OtherProcess(Host.pid)?.signal(Signal.kill) }
    }
}
