import LinuxKit
import SSHCore

/// Connections on their way from the socket to a process, and processes to their end.
extension Listener {
    private func roll() -> Int { Int.random(in: 0..<1000, using: &random) }

    func admit(_ connection: consuming FileDescriptor, as id: ConnectionLimits.ID) {
        guard let peer = Peer(connection.number) else { return }
        switch limits.arrived(id, from: peer.address, at: Clock.now, roll: roll()) {
        case .turnAway(let reason):
            state.refused[reason, default: 0] += 1
            tellOnce(reason, peer)
            return
        case .admitInPlaceOf(let victim): pushOut(victim)
        case .admit: break
        }
        state.accepted += 1
        waiting.append(WaitingConnection(id, connection, peer))
    }

    private func pushOut(_ id: ConnectionLimits.ID) {
        state.refused[.earlyDrop, default: 0] += 1
        sessions.first { $0.id == id }?.kill()
        close(id)
    }

    func attendWaiting(_ events: ArraySlice<Poll.Events>) {
        for (connection, event) in zip(waiting, events) where event != [] {
            switch connection.news(event) {
            case .spoke:
                limits.spoke(connection.id, at: Clock.now).map(pushOut)
            case .gone: close(connection.id)
            case .nothing: break
            }
        }
    }

    func startWhoseTurnItIs(at now: Duration) {
        while let start = limits.next(at: now, roll: roll()) {
            if let victim = start.inPlaceOf { pushOut(victim) }
            guard let connection = waiting.first(where: { $0.id == start.id }),
                let socket = connection.take()
            else {
                limits.closed(start.id)
                continue
            }
            waiting.removeAll { $0.id == start.id }
            var arguments = ["--config", configuration]
            if limits.isKnown(connection.peer.address) { arguments.append("--known") }
            if letsPassphrasesIn { arguments.append("--passphrase-login") }
            let ports = forwarding.isEmpty ? ["none"] : forwarding.map { String($0) }
            arguments += ports.flatMap { ["--forward", $0] }
            do throws(SystemError) {
                sessions.append(
                    try SessionProcess(
                        start.id, connection: socket, arguments: arguments))
            } catch {
                limits.closed(start.id)
                fail("\(error)")
            }
        }
    }

    /// One line for each kind of refusal and minute: a flood must not push everything else out of the log.
    private func tellOnce(_ reason: ConnectionLimits.Reason, _ peer: Peer) {
        let now = Clock.now
        if let last = state.lastTold[reason], now < last + .seconds(60) { return }
        state.lastTold[reason] = now
        log.record("turned away \(peer): \(reason.rawValue)")
    }

    func attendSessions(_ events: ArraySlice<Poll.Events>) {
        var rest = events
        for session in sessions {
            let own = Array(rest.prefix(2))
            rest = rest.dropFirst(2)
            guard own.count == 2 else { continue }
            if own[0].isReadable {
                for report in session.reports() { note(report, of: session.id) }
            }
            if own[1].isReadable, let exit = session.ended() {
                if case .signal = exit { log.record("session \(session.pid) ended by \(exit)") }
                if exit == .code(1) { mustCheckFiles = true }
                close(session.id)
            }
        }
    }

    private func note(_ report: Reports.Report, of id: ConnectionLimits.ID) {
        let now = Clock.now
        switch report {
        case .ready: limits.ready(id, at: now)
        case .progressed: limits.progressed(id, at: now)
        case .exchanged: limits.reached(.exchanged, id, at: now).map(pushOut)
        case .offered: limits.reached(.offered, id, at: now).map(pushOut)
        case .loggedIn:
            state.loggedIn += 1
            // Whatever was wrong with the files is not any more.
            state.lastError = nil
            limits.loggedIn(id, at: now)
        case .refused:
            state.refusedKeys += 1
            limits.refused(id, at: now)
            mustCheckFiles = true
        }
    }

    func close(_ id: ConnectionLimits.ID) {
        limits.closed(id)
        waiting.removeAll { $0.id == id }
        guard let index = sessions.firstIndex(where: { $0.id == id }) else { return }
        let session = sessions.remove(at: index)
        // A session that was killed could not.
        try? Files.remove(SessionFile.path(session.pid))
    }

    /// Sessions end by themselves in time; one that is stuck inside libssh is killed.
    func endOverdue(at now: Duration) {
        for id in limits.overdue(at: now) {
            if let session = sessions.first(where: { $0.id == id }) {
                log.record("session \(session.pid) did not end in time; killed")
                session.kill()
            }
            close(id)
        }
    }
}
