import LinuxKit
import Recorder
import SSHCore

/// `davit sshd`: owns the sockets, lets connections in within limits, and gives each a process of its own.
///
/// No libssh and no private key here: nothing that a stranger sends is read by this process, and a connection gets a
/// process only once something has come in on it.
package final class Listener {
    /// The pause before a socket that could not be had is tried again: doubles from the first to the second.
    private static let retry = (first: Duration.seconds(1), longest: Duration.seconds(8))
    /// How long sessions may take to end when the server is stopped; the supervisor kills after 2 s.
    private static let patienceAtEnd = Duration.milliseconds(1800)
    /// Descriptors: two for each process, one for each connection that waits for its own. Above what the limits allow.
    private static let descriptors: UInt = 2048

    let configuration: String
    let letsPassphrasesIn: Bool
    /// The loopback's ports that sessions may connect to.
    let forwarding: [UInt16]
    let log = Recorder(component: .sshd)
    private var sockets: [ListeningSocket]
    var limits: ConnectionLimits
    var waiting: [WaitingConnection] = []
    var sessions: [SessionProcess] = []
    private var lastID: ConnectionLimits.ID = 0
    var random = UrgentRandom()
    var state: ListenerFile
    var mustCheckFiles = true
    private var nextCheck = Duration.zero
    private var check: FileCheck.Running?
    /// When the limits were asked last who is to start and who is overdue.
    private var lastLook = Duration.zero
    /// Accepting rests until then, after the machine ran out of something.
    private var restsUntil: Duration?

    /// - Parameter configuration: the directory with the host key and authorized_keys.
    package init(
        addresses: [ListenAddress], configuration: String, letsPassphrasesIn: Bool = false,
        forwarding: [UInt16] = ForwardingPolicy().ports
    ) {
        self.configuration = configuration
        self.letsPassphrasesIn = letsPassphrasesIn
        self.forwarding = forwarding
        sockets = addresses.map { ListeningSocket($0) }
        limits = ConnectionLimits(.init(memory: Host.memory))
        state = ListenerFile(since: Clock.now)
    }

    /// Serves until SIGTERM or SIGINT.
    /// - Throws: `SystemError` only where nothing can go on at all.
    package func run() throws(SystemError) {
        let signals = try SignalDescriptor([Signal.terminate, Signal.interrupt])
        try? ResourceLimits.set(.descriptors, to: Self.descriptors)
        // Ahead of the processes that strangers make it start.
        Process.giveWay(-5)
        try? Files.makeDirectory(SessionFile.directory())
        ListenerFile.removeLeftovers()
        defer { state.remove() }
        while true {
            if let until = restsUntil, Clock.now >= until { restsUntil = nil }
            openSockets()
            checkFilesAgain()
            state.write(listening: sockets.filter { $0.isOpen }.map { $0.address }, at: Clock.now)
            let first =
                [Poll.Interest(signals.number, .input), check?.interest ?? .init(-1, [])]
                + sockets.map { .init(isResting ? -1 : $0.number, .input) }
            let interests =
                first + waiting.map { $0.interest } + sessions.flatMap { $0.interests }
            let events = try Poll.wait(interests, until: deadline)
            if let signal = signals.next() {
                log.record("signal \(signal); \(sessions.count) sessions are told", .notice)
                endSessions()
                return
            }
            if events[1].isReadable { noteFiles() }
            let forSessions = events.dropFirst(first.count + waiting.count)
            attendSessions(forSessions)
            attendWaiting(events.dropFirst(first.count).prefix(waiting.count))
            acceptAll(events.dropFirst(2).prefix(sockets.count))
            lastLook = Clock.now
            endOverdue(at: lastLook)
            startWhoseTurnItIs(at: lastLook)
        }
    }

    // MARK: Sockets

    private func openSockets() {
        let now = Clock.now
        for index in sockets.indices {
            do throws(ListenFailure) {
                guard try sockets[index].open(at: now, Self.retry) else { continue }
                log.record("listening on \(sockets[index].address)", .notice)
                if state.lastError == sockets[index].complaint { state.lastError = nil }
            } catch {
                let pause = sockets[index].pause.inWords
                sockets[index].complaint = "\(sockets[index].address): \(error.words)"
                fail(
                    "\(sockets[index].address): \(error.words)",
                    next: "The next try is in \(pause).")
            }
        }
    }

    private var isResting: Bool { restsUntil.map { Clock.now < $0 } ?? false }

    private var deadline: Duration? {
        // From the last look on: what came due since must not be missed.
        let due = limits.deadline(after: lastLook)
        let retries = sockets.compactMap { $0.nextTry }
        let check = mustCheckFiles && check == nil ? nextCheck : nil
        return (retries + [due, restsUntil, state.deadline, check].compactMap { $0 }).min()
    }

    private func acceptAll(_ events: ArraySlice<Poll.Events>) {
        for (socket, event) in zip(sockets, events) where event.isReadable {
            // Bounded, so that a flood leaves time for the sessions.
            for _ in 0..<16 {
                do throws(SystemError) {
                    guard let connection = try TCPSocket.accept(from: socket.number) else { break }
                    lastID = lastID == .max ? 1 : lastID + 1
                    admit(connection, as: lastID)
                } catch {
                    // Without descriptors or memory the connection stays in the queue and poll would spin.
                    restsUntil = Clock.now + .milliseconds(200)
                    fail("\(error)")
                    return
                }
            }
        }
    }

    // MARK: The end

    private func endSessions() {
        for session in sessions { session.end() }
        let limit = Clock.now + Self.patienceAtEnd
        endOrphans(by: limit)
        for session in sessions where !session.waitForEnd(until: limit) { session.kill() }
        for session in sessions { close(session.id) }
    }

    /// Ends the sessions of a listener before this one that was killed: nothing of ours outlives the server.
    private func endOrphans(by limit: Duration) {
        let own = Set(sessions.map { $0.pid })
        for pid in SessionFile.pids where !own.contains(pid) {
            // Held first, and asked then: what is held keeps its number.
            guard let process = OtherProcess(pid), SessionProcess.isSession(pid) else { continue }
            try? process.signal(Signal.terminate)
            if (try? process.waitForEnd(until: limit)) != true { try? process.signal(Signal.kill) }
            try? Files.remove(SessionFile.path(pid))
        }
    }

    // MARK: Words

    /// Somebody could not log in: perhaps because a file is no longer as it was. At most every 10 s, because strangers
    /// can make this happen as often as they like.
    private func checkFilesAgain() {
        let now = Clock.now
        guard mustCheckFiles, check == nil, now >= nextCheck else { return }
        mustCheckFiles = false
        nextCheck = now + .seconds(10)
        check = try? FileCheck.Running(configuration)
    }

    /// Goes on whatever is wrong, because it may be put right.
    private func noteFiles() {
        guard let complaints = check?.complaints() else { return }
        check = nil
        for complaint in complaints {
            if complaint.hasPrefix(FileCheck.fatal) {
                fail(String(complaint.dropFirst(FileCheck.fatal.count)))
            } else {
                log.record("\(complaint)", .warning)
            }
        }
    }

    func fail(_ words: String, next: String? = nil) {
        guard state.lastError != words else { return }
        state.lastError = words
        let all = next.map { "\(words) \($0)" } ?? words
        log.record("\(all)", .warning)
        Output.error("davit sshd: \(all)")
    }
}
