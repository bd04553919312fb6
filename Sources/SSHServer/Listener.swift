import LinuxKit
import Recorder
import SSHCore

/// `davit sshd`: owns the sockets, lets connections in within limits, and gives each a process of its own.
///
/// No libssh here: nothing that a stranger sends is read by this process.
package final class Listener {
    /// The pause before a socket that could not be had is tried again: doubles from the first to the second.
    private static let retry = (first: Duration.seconds(1), longest: Duration.seconds(8))
    /// How long sessions may take to end when the server is stopped; the supervisor kills after 2 s.
    private static let patienceAtEnd = Duration.milliseconds(1800)
    /// What a session is given beyond its own limit before it is killed: one that is stuck inside libssh holds no place.
    private static let grace = Duration.seconds(2)

    private let configuration: String
    private let log = Recorder(component: "sshd")
    private var sockets: [ListeningSocket]
    private var limits: ConnectionLimits
    private var sessions: [SessionProcess] = []
    private var random = UrgentRandom()
    private var state: ListenerFile
    private var mustCheckFiles = true
    private var nextCheck = Duration.zero
    /// Accepting rests until then, after the machine ran out of something.
    private var restsUntil: Duration?

    /// - Parameter configuration: the directory with the host key and authorized_keys.
    package init(addresses: [ListenAddress], configuration: String) {
        self.configuration = configuration
        sockets = addresses.map { ListeningSocket($0) }
        limits = ConnectionLimits()
        state = ListenerFile(since: Clock.now)
    }

    /// Serves until SIGTERM or SIGINT.
    /// - Throws: `SystemError` only where nothing can go on at all.
    package func run() throws(SystemError) {
        let signals = try SignalDescriptor([Signal.terminate, Signal.interrupt])
        try? Files.makeDirectory(SessionFile.directory())
        ListenerFile.removeLeftovers()
        defer { state.remove() }
        while true {
            if let until = restsUntil, Clock.now >= until { restsUntil = nil }
            openSockets()
            checkFilesAgain()
            state.write(listening: sockets.filter { $0.isOpen }.map { $0.address }, at: Clock.now)
            let interests =
                [Poll.Interest(signals.number, .input)]
                + sockets.map { .init(isResting ? -1 : $0.number, .input) }
                + sessions.flatMap { $0.interests }
            let events = try Poll.wait(interests, until: deadline)
            if let signal = signals.next() {
                log.record("signal \(signal); \(sessions.count) sessions are told", .notice)
                endSessions()
                return
            }
            attendSessions(events.dropFirst(1 + sockets.count))
            acceptAll(events.dropFirst().prefix(sockets.count))
            killOverdue()
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
        let overdue = limits.deadline.map { $0 + Self.grace }
        let retries = sockets.compactMap { $0.nextTry }
        let check = mustCheckFiles ? nextCheck : nil
        return (retries + [overdue, restsUntil, state.deadline, check].compactMap { $0 }).min()
    }

    private func acceptAll(_ events: ArraySlice<Poll.Events>) {
        for (socket, event) in zip(sockets, events) where event.isReadable {
            // Bounded, so that a flood leaves time for the sessions.
            for _ in 0..<16 {
                do throws(SystemError) {
                    guard let connection = try TCPSocket.accept(from: socket.number) else { break }
                    admit(connection)
                } catch {
                    // Without descriptors or memory the connection stays in the queue and poll would spin.
                    restsUntil = Clock.now + .milliseconds(200)
                    fail("\(error)")
                    return
                }
            }
        }
    }

    // MARK: Sessions

    private func admit(_ connection: consuming FileDescriptor) {
        guard let peer = Peer(connection.number) else { return }
        let now = Clock.now
        switch limits.decide(
            on: peer.address, at: now, roll: Int.random(in: 0..<1000, using: &random))
        {
        case .turnAway(let reason):
            state.refused[reason, default: 0] += 1
            tellOnce(reason, peer)
            return
        case .admitInPlaceOf(let victim):
            state.refused[.earlyDrop, default: 0] += 1
            sessions.first { $0.pid == victim }?.kill()
            close(victim)
        case .admit: break
        }
        do throws(SystemError) {
            let session = try SessionProcess(
                connection: connection, configuration: configuration)
            limits.opened(session.pid, from: peer.address, at: now)
            state.accepted += 1
            sessions.append(session)
        } catch {
            fail("\(error)")
        }
    }

    /// One line for each kind of refusal and minute: a flood must not push everything else out of the log.
    private func tellOnce(_ reason: ConnectionLimits.Reason, _ peer: Peer) {
        let now = Clock.now
        if let last = state.lastTold[reason], now < last + .seconds(60) { return }
        state.lastTold[reason] = now
        log.record("turned away \(peer): \(reason.rawValue)")
    }

    private func attendSessions(_ events: ArraySlice<Poll.Events>) {
        var rest = events
        for session in sessions {
            let own = Array(rest.prefix(2))
            rest = rest.dropFirst(2)
            guard own.count == 2 else { continue }
            if own[0].isReadable {
                for report in session.reports() {
                    switch report {
                    case .exchanged: limits.exchanged(session.pid)
                    case .loggedIn:
                        state.loggedIn += 1
                        // Whatever was wrong with the files is not any more.
                        state.lastError = nil
                        limits.loggedIn(session.pid, at: Clock.now)
                    case .refused:
                        state.refusedKeys += 1
                        limits.refused(session.pid, at: Clock.now)
                        mustCheckFiles = true
                    }
                }
            }
            if own[1].isReadable, let exit = session.ended() {
                if case .signal = exit { log.record("session \(session.pid) ended by \(exit)") }
                if exit == .code(1) { mustCheckFiles = true }
                close(session.pid)
            }
        }
    }

    private func close(_ pid: Int32) {
        limits.closed(pid)
        sessions.removeAll { $0.pid == pid }
        // A session that was killed could not.
        try? Files.remove(SessionFile.path(pid))
    }

    private func killOverdue() {
        for pid in limits.overdue(at: Clock.now - Self.grace) {
            log.record("session \(pid) did not end in time; killed")
            sessions.first { $0.pid == pid }?.kill()
            close(pid)
        }
    }

    private func endSessions() {
        for session in sessions { session.end() }
        let limit = Clock.now + Self.patienceAtEnd
        endOrphans(by: limit)
        for session in sessions where !session.waitForEnd(until: limit) { session.kill() }
        for session in sessions { close(session.pid) }
    }

    /// Ends the sessions of a listener before this one that was killed: nothing of ours outlives the server.
    private func endOrphans(by limit: Duration) {
        let own = Set(sessions.map { $0.pid })
        let listed = SessionFile.pids.filter { !own.contains($0) }
        // A process number may have come to mean another process.
        let orphans = ProcessTable.all.filter {
            listed.contains($0.pid) && $0.arguments.prefix(2) == ["davit", "session"]
        }
        for orphan in orphans {
            guard let process = OtherProcess(orphan.pid) else { continue }
            try? process.signal(Signal.terminate)
            if (try? process.waitForEnd(until: limit)) != true { try? process.signal(Signal.kill) }
            try? Files.remove(SessionFile.path(orphan.pid))
        }
    }

    // MARK: Words

    /// Somebody could not log in: perhaps because a file is no longer as it was. At most every 10 s, because strangers
    /// can make this happen as often as they like.
    private func checkFilesAgain() {
        let now = Clock.now
        guard mustCheckFiles, now >= nextCheck else { return }
        mustCheckFiles = false
        nextCheck = now + .seconds(10)
        checkFiles()
    }

    /// Says what is wrong with the files before somebody stands outside; goes on, because they may be put right.
    private func checkFiles() {
        let files = ServerFiles(directory: configuration)
        do throws(FileRefusal) {
            try files.checkHostKey()
        } catch {
            fail("\(error)")
        }
        do throws(FileRefusal) {
            let keys = try files.authorizedKeys()
            for line in keys.refused.prefix(20) {
                log.record("\(files.authorizedKeysPath), \(line)", .warning)
            }
            if keys.keys.isEmpty {
                fail("\(files.authorizedKeysPath) holds no key, so nobody can log in.")
            }
        } catch {
            fail("\(error)")
        }
    }

    private func fail(_ words: String, next: String? = nil) {
        guard state.lastError != words else { return }
        state.lastError = words
        let all = next.map { "\(words) \($0)" } ?? words
        log.record(all, .warning)
        Output.error("davit sshd: \(all)")
    }
}
