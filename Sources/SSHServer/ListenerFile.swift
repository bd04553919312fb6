import JSONKit
import LinuxKit
import SSHCore

/// `$DAVIT_RUN/ssh/listener.json`: what the server is doing.
///
/// `listening` (addresses with ports; empty when none could be had yet), `since` (milliseconds since boot), `accepted`
/// (connections), `loggedIn`, `refusedKeys` (failed offers), `refused` (connections turned away, by reason in words),
/// `lastError` (or null).
struct ListenerFile {
    static var path: String { SessionFile.directory() + "/listener.json" }
    /// The least time between two writes: a flood must not become a flood of writes.
    private static let pause = Duration.seconds(1)

    private let since: Duration
    var accepted = 0
    var loggedIn = 0
    var refusedKeys = 0
    var refused: [ConnectionLimits.Reason: Int] = [:]
    var lastTold: [ConnectionLimits.Reason: Duration] = [:]
    var lastError: String?
    private var written: JSON = .null
    private var nextWrite = Duration.zero
    /// When a change that is held back is to be written.
    private(set) var deadline: Duration?

    init(since: Duration) { self.since = since }

    /// Writes what has changed, or says with `deadline` when it will. Never fails: a full /run must not keep anybody out.
    mutating func write(listening: [ListenAddress], at now: Duration) {
        // Not even looked at before its time: in a flood that alone would take much of a core.
        guard now >= nextWrite else {
            deadline = nextWrite
            return
        }
        deadline = nil
        nextWrite = now + Self.pause
        let counts = ConnectionLimits.Reason.allCases.compactMap { reason in
            refused[reason].map { JSON.Member(reason.rawValue, .number($0)) }
        }
        let json: JSON = [
            "listening": .array(listening.map { .string($0.description) }),
            "since": JSON(since.milliseconds),
            "accepted": JSON(accepted),
            "loggedIn": JSON(loggedIn),
            "refusedKeys": JSON(refusedKeys),
            "refused": .object(counts),
            "lastError": JSON(lastError),
        ]
        guard json != written else { return }
        if (try? Files.replace(Self.path, with: json.pretty + "\n")) != nil {
            written = json
        } else {
            // Again when there may be room.
            deadline = nextWrite
        }
    }

    func remove() { try? Files.remove(Self.path) }

    /// Removes what a listener that was killed, and sessions that ended after it, left behind.
    static func removeLeftovers() {
        try? Files.remove(path)
        for pid in SessionFile.pids where !SessionProcess.isSession(pid) {
            try? Files.remove(SessionFile.path(pid))
        }
    }
}
