import LinuxKit
import Recorder
import SSHCore
import SSHKit

/// One SSH connection in a process of its own: `davit session`.
package final class Connection {
    /// Most failed offers of a connection. Bounds guessing, and leaves room for an agent that holds many keys.
    static let mostRefusals = 10
    /// Most channels open at a time. Bounds the programs and buffers of one connection.
    static let mostChannels = 10
    /// How long a client may be silent on the wire, keep-alives included, before it is taken for dead.
    static let longestSilence = Duration.seconds(60)
    /// How long a client's packet may stay unanswered before a login.
    private static let patienceForLibrary = Duration.seconds(1)
    /// How long the ending session waits for its programs and its last words.
    static let patienceAtEnd = Duration.milliseconds(1500)

    let files: ServerFiles
    let log = Recorder(component: .session)
    let isApplet: (String) -> Bool
    let peer: Peer
    let started = Clock.now
    let limits = ConnectionLimits.Configuration()
    private let reports = Reports()
    /// Whether davit.conf lets passphrases of the disks log in.
    let letsPassphrasesIn: Bool
    /// A passphrase that is being tried.
    var passphrase: PassphraseLogin?
    /// What to tell before the next prompt for one.
    var passphraseWords = ""
    /// Whether the client is still told that it may log in by one.
    var mustStopOffering = false
    private let outOfMemoryScore: Int
    /// Whether a person is at it: a listed key was offered, or the passphrase was asked for.
    private(set) var isAttended = false
    /// When the last packet came, before the login.
    private var lastPacket = Clock.now
    var state: SessionFile
    var login: Login?
    var refusals = 0
    private var programs: [ChannelProgram] = []
    let forwardingPolicy: ForwardingPolicy
    var forwardings: [Forwarding] = []
    private var unansweredSince: Duration?
    /// Set when the server stops; then the time by which this process ends.
    private var endsBy: Duration?

    /// Who logged in, and what that allows.
    struct Login {
        let rights: AuthorizedKey.Rights
        /// Such as `SHA256:… comment`.
        let words: String
    }

    /// Takes over the connected socket that the listener left as a descriptor.
    /// - Parameters:
    ///   - isKnown: whether somebody logged in from there before.
    ///   - letsPassphrasesIn: whether the passphrase of a disk logs in, too.
    /// - Throws: `FileRefusal` or `SSHError`.
    package static func serve(
        _ descriptor: Int32, configuration directory: String, isKnown: Bool,
        letsPassphrasesIn: Bool, forwarding: ForwardingPolicy,
        isApplet: @escaping (String) -> Bool
    ) throws {
        let score = Process.outOfMemoryScore
        try limitSelf()
        // The listener goes first; what strangers make this machine compute does not.
        if !isKnown { Process.giveWay(0) }
        Process.volunteerForOutOfMemory()
        guard let peer = Peer(descriptor) else { return }
        try SSHLibrary.start()
        let files = ServerFiles(directory: directory)
        let hostKey = try files.hostKey()
        let connection = Connection(
            files: files, peer: peer, outOfMemoryScore: score,
            letsPassphrasesIn: letsPassphrasesIn, forwarding: forwarding, isApplet: isApplet)
        TCPSocket.noticeDeadPeer(descriptor, after: longestSilence)
        let session = try ServerSession(
            adopting: descriptor, hostKey: hostKey, offersPassphrase: letsPassphrasesIn,
            requests: connection)
        try connection.run(session)
    }

    /// First of all, before a byte of the client's is read.
    private static func limitSelf() throws {
        ResourceLimits.forbidCoreFiles()
        // Passphrases pass through; libssh wipes nothing of what it has decrypted.
        Process.keepPrivate()
        // Bounds a leak, or a hole that makes libssh allocate without end.
        try ResourceLimits.set(.memory, to: 256 << 20)
        // Bounds descriptors: ten channels take four each, sixteen forwarded connections one each.
        try ResourceLimits.set(.descriptors, to: 80)
        // Bounds what a stranger can make this processor compute before a login; lifted by it.
        try ResourceLimits.set(.processorTime, to: 5)
        // Bounds processes: before a login there is none but the one that tries a passphrase, for which it is lifted;
        // then one for each channel.
        try ResourceLimits.forbidChildren()
    }

    private init(
        files: ServerFiles, peer: Peer, outOfMemoryScore: Int, letsPassphrasesIn: Bool,
        forwarding: ForwardingPolicy,
        isApplet: @escaping (String) -> Bool
    ) {
        self.files = files
        self.peer = peer
        self.outOfMemoryScore = outOfMemoryScore
        self.letsPassphrasesIn = letsPassphrasesIn
        forwardingPolicy = forwarding
        self.isApplet = isApplet
        state = SessionFile(peer: peer, since: started)
    }

    private func run(_ session: ServerSession) throws {
        let signals = try SignalDescriptor([Signal.terminate, Signal.hangup])
        defer { state.remove() }
        report(.ready)
        while true {
            state.writeAgain(at: Clock.now)
            let deadline = [nextDeadline, endsBy, state.nextTry].compactMap { $0 }.min()
            var interests = [
                Poll.Interest(signals.number, .input),
                Poll.Interest(
                    session.isAlive ? session.descriptor : -1,
                    session.wantsOutput ? .output : .input),
                passphrase?.interest ?? .init(-1, []),
            ]
            let maySend = session.isAlive && !session.wantsOutput
            for program in programs { interests += program.interests(maySend: maySend) }
            let forwarded = interests.count
            for forwarding in forwardings { interests += forwarding.interests(maySend: maySend) }

            let events = try Poll.wait(interests, until: hasMore ? .zero : deadline)
            while let signal = signals.next() { stop(on: signal) }
            if events[1] != [] {
                let packets = session.packetsReceived
                session.process()
                if session.packetsReceived > packets { notePacket() }
                // The dialogue until the first program starts is what a person waits for.
                if state.command == nil { TCPSocket.acknowledgeNow(session.descriptor) }
            }
            noteAgreement(session)
            attendPassphrase(session)
            pump(events[3..<forwarded])
            if pumpForwardings(events[forwarded...]) { hasMore = true }
            collect(session)
            collectForwardings(session)
            if try isOver(session) { return }
        }
    }

    private var hasMore = false

    private func pump(_ events: ArraySlice<Poll.Events>) {
        hasMore = false
        var rest = events
        for program in programs {
            // A channel that was opened a moment ago was not polled yet.
            let own = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
            if program.pump(own) { hasMore = true }
        }
    }

    /// Gives back the channels that are done.
    private func collect(_ session: ServerSession) {
        let done = programs.filter { $0.isClosed }
        guard !done.isEmpty else { return }
        for program in done { session.free(program.channel) }
        programs.removeAll { $0.isClosed }
        state.channels = programs.count
        state.write()
    }

    private func noteAgreement(_ session: ServerSession) {
        guard state.algorithms == nil, let agreement = session.agreement else { return }
        state.algorithms = agreement
        report(.exchanged)
    }

    private func isOver(_ session: ServerSession) throws -> Bool {
        guard session.isAlive else {
            for program in programs { program.clientLeft() }
            for forwarding in forwardings { forwarding.close() }
            collect(session)
            collectForwardings(session)
            guard programs.isEmpty || endsBy.map({ Clock.now >= $0 }) == true else { return false }
            recordEnd(session.reason)
            return true
        }
        guard let words = farewell(session) else { return false }
        Farewell.say(words, over: session)
        return true
    }

    /// Why the connection must end now, in words for the client; `nil` when it need not.
    private func farewell(_ session: ServerSession) -> String? {
        let now = Clock.now
        if let endsBy, now >= endsBy || programs.isEmpty { return "The SSH server stops." }
        guard login == nil else { return nil }
        if now >= loginDeadline {
            let waited = (now - started).inWords
            log.record("\(peer): no login within \(waited); closed")
            return "No login within \(waited)."
        }
        if session.packetsReceived > limits.packetsBeforeLogin {
            log.record("\(peer): \(session.packetsReceived) packets and no login; closed")
            return "Too many packets before the login."
        }
        if refusals >= Self.mostRefusals {
            log.record("\(peer): \(refusals) keys refused; closed")
            return "Too many keys were refused. Choose one: ssh -o IdentitiesOnly=yes -i FILE"
        }
        guard session.owesAnswer, state.algorithms != nil else {
            unansweredSince = nil
            return nil
        }
        let since = unansweredSince ?? now
        unansweredSince = since
        guard now >= since + Self.patienceForLibrary else { return nil }
        report(.refused)
        log.record("\(peer): sent a key or signature that libssh does not accept; closed")
        return "This key or its signature cannot be checked here. "
            + "Use ed25519, ECDSA, or RSA of 2048 bits and more with SHA-2."
    }

    private var nextDeadline: Duration? {
        var deadlines = programs.compactMap { $0.deadline }
        if login == nil {
            deadlines.append(loginDeadline)
            if let due = passphrase?.deadline { deadlines.append(due) }
            if let since = unansweredSince { deadlines.append(since + Self.patienceForLibrary) }
        }
        return deadlines.min()
    }

    /// A person may take longer than a program.
    private var loginDeadline: Duration {
        guard state.algorithms != nil else { return started + limits.handshakeTime }
        let end = started + limits.loginTime
        return isAttended ? end : min(end, lastPacket + limits.idleTime)
    }

    private func notePacket() {
        guard login == nil else { return }
        lastPacket = Clock.now
        report(.progressed)
    }

    /// A person is at it now, and may take the time that a person needs.
    func attended() {
        guard !isAttended else { return }
        isAttended = true
        report(.offered)
    }

    /// Lifts what bounds strangers. What a person starts may compute as long as it takes, and so may an upload.
    func unbind() {
        // First: a lower score needs a capability that this brings back.
        try? ResourceLimits.allowChildren()
        try? ResourceLimits.set(.processorTime, to: .max)
        Process.giveWay(0)
        Process.outOfMemoryScore = outOfMemoryScore
    }

    private func stop(on signal: Int32) {
        guard endsBy == nil else { return }
        endsBy = Clock.now + Self.patienceAtEnd
        log.record("\(peer): signal \(signal); the session ends")
        for program in programs {
            program.tell(
                "\r\ndavit: the SSH server stops now: the boot goes on, or somebody stopped it.\r\n"
            )
            program.signal(Signal.hangup)
        }
    }

    private func recordEnd(_ reason: String) {
        guard login != nil else { return }
        let duration = Clock.now - started
        log.record(
            "\(peer): closed after \(duration.inWords)", .detail,
            Event(.connection, .address(peer.address), .done, took: duration))
    }
}

extension Connection {
    func report(_ report: Reports.Report) { reports.send(report) }
}

extension Connection {
    func add(_ program: ChannelProgram) { programs.append(program) }
    func program(for channel: Channel) -> ChannelProgram? {
        programs.first { $0.channel === channel }
    }
    var channelCount: Int { programs.count }
    var isEnding: Bool { endsBy != nil }
}
