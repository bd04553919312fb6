import LinuxKit
import SSHCore

/// One `davit session`, as the listener holds it.
final class SessionProcess {
    let id: ConnectionLimits.ID
    let pid: Int32
    private var child: ChildProcess
    private var reading: FileDescriptor?

    /// Starts the process with the connection as its descriptor 3, and closes it here.
    init(
        _ id: ConnectionLimits.ID, connection: consuming FileDescriptor, arguments: [String]
    ) throws(SystemError) {
        let pipe = try FileDescriptor.pipe().split()
        let reading = FileDescriptor(adopting: pipe.reading)
        let writing = FileDescriptor(adopting: pipe.writing)
        try reading.setNonBlocking()
        var request = ChildProcess.Request.davit(["session"] + arguments)
        request.output = writing.number
        request.error = FileDescriptor.standardError
        request.extra = connection.number
        // Somebody may be in the middle of a repair: a listener that crashed is started again, a session is not.
        request.diesWithParent = false
        child = try ChildProcess(starting: request)
        self.id = id
        pid = child.pid
        self.reading = consume reading
    }

    /// What to poll: its reports, its end.
    var interests: [Poll.Interest] {
        [.init(reading.number, .input), .init(child.descriptor, .input)]
    }

    /// What it has reported since the last time; nothing but a few bytes at a time is taken from it.
    func reports() -> [Reports.Report] {
        let read = FileDescriptor.lend(reading.number) { try? $0.read(atMost: 64) }
        switch read {
        case .bytes(let bytes): return bytes.compactMap { Reports.Report(rawValue: $0) }
        case .wouldBlock: return []
        case .end, nil:
            reading = nil
            return []
        }
    }

    /// How it ended, or `nil` while it runs.
    func ended() -> ChildProcess.Exit? { child.poll() }

    /// Asks it to tell its person and to end.
    func end() { child.signal(Signal.terminate) }

    func kill() { child.signal(Signal.kill) }

    /// Whether that number is a session's now: it may have come to mean another process since somebody wrote it down.
    static func isSession(_ pid: Int32) -> Bool {
        ProcessTable.entry(pid)?.arguments.prefix(2) == ["davit", "session"]
    }

    func waitForEnd(until deadline: Duration) -> Bool {
        (try? child.wait(until: deadline)).flatMap { $0 } != nil
    }
}
