import JSONKit
import LinuxKit

/// `$DAVIT_RUN/ssh/session-PID.json`: one connection on which somebody logged in.
///
/// `peer` (`ADDR:PORT`), `since` (milliseconds since boot, of the connection), `loggedInAt` (the same clock), `user`,
/// `key` (`SHA256:… comment`), `algorithms`, `channels` (open now), `command` (the last one that was started: the name of
/// a davit command, or `/bin/sh`; never its words, among which a person may have put a passphrase by mistake).
struct SessionFile {
    static func directory(_ run: String = Roots.run) -> String { run + "/ssh" }
    static func path(_ pid: Int32) -> String { "\(directory())/session-\(pid).json" }

    /// The processes that have such a file, running or not.
    static var pids: [Int32] {
        Files.names(in: directory()).compactMap { name in
            guard name.hasPrefix("session-"), name.hasSuffix(".json") else { return nil }
            return Int32(name.dropFirst("session-".count).dropLast(".json".count))
        }
    }

    private let peer: Peer
    private let since: Duration
    var loggedInAt: Duration?
    var user = ""
    var key = ""
    var algorithms: String?
    var channels = 0
    var command: String?
    /// When to write again, after /run had no room.
    private(set) var nextTry: Duration?
    private static let pause = Duration.seconds(1)

    init(peer: Peer, since: Duration) {
        self.peer = peer
        self.since = since
    }

    /// Never fails: a full /run must not keep anybody out. The file is written again, then, by `writeAgain`.
    mutating func write() {
        guard let loggedInAt else { return }
        let json: JSON = [
            "peer": .string(peer.description),
            "since": JSON(since.milliseconds),
            "loggedInAt": JSON(loggedInAt.milliseconds),
            "user": .string(user),
            "key": .string(key),
            "algorithms": JSON(algorithms),
            "channels": JSON(channels),
            "command": JSON(command),
        ]
        do throws(SystemError) {
            try Files.makeDirectory(Self.directory())
            try Files.replace(Self.path(Host.pid), with: json.pretty + "\n")
            nextTry = nil
        } catch {
            nextTry = Clock.now + Self.pause
        }
    }

    /// Writes what could not be written, once its time has come.
    mutating func writeAgain(at now: Duration) {
        if let due = nextTry, now >= due { write() }
    }

    func remove() { try? Files.remove(Self.path(Host.pid)) }
}
