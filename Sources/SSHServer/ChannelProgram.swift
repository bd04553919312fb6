import LinuxKit
import SSHCore
import SSHKit

/// One channel and the program that runs on it: moves bytes both ways, never more than both sides take.
final class ChannelProgram {
    let channel: Channel
    private var machine = ChannelMachine()
    private var terminal: TerminalRequest?
    private var child: ChildProcess?
    private var streams: ProgramStreams?
    private var input: Staging
    private var output: Staging
    private var errors: Staging
    private var hasToldInputEnd = false
    /// Where what the client sends goes instead of the terminal or the pipe, for a program that asks for passphrases.
    private var keys: KeyWriter?

    init(_ channel: Channel) throws(SystemError) {
        self.channel = channel
        input = try Staging()
        output = try Staging()
        errors = try Staging()
    }

    /// Whether a program was asked for; a channel runs one in its life (RFC 4254 §6.5).
    var isIdle: Bool { machine.isIdle }
    var isClosed: Bool { machine.isClosed }
    var deadline: Duration? { machine.deadline }

    // MARK: Requests

    /// The terminal for the program that is still to be asked for.
    func setTerminal(_ request: TerminalRequest) { terminal = request }

    var terminalType: String? { terminal?.type }
    var hasTerminal: Bool { terminal != nil }

    func resize(_ size: WindowSize) {
        if let request = terminal { terminal = request.with(size) }
        streams?.resize(size)
    }

    /// - Parameter asksForSecrets: what the client sends reaches it through memory that no other process and no buffer of the
    ///   kernel has a copy of.
    func start(_ request: ChildProcess.Request, asksForSecrets: Bool) throws(SystemError) {
        var request = request
        if asksForSecrets {
            try channel.conceal()
            let keys = try KeyWriter()
            request.extra = keys.childDescriptor
            request.environment.append(KeyWriter.variable)
            self.keys = consume keys
        }
        let started = try ProgramStreams.start(request, terminal: terminal)
        keys?.childStarted()
        started.take { (child: consuming ChildProcess, streams: consuming ProgramStreams) in
            self.child = consume child
            self.streams = consume streams
        }
        _ = machine.handle(.started, at: Clock.now)
    }

    /// Sends a signal to the program and what it started.
    func signal(_ signal: Int32) { child?.signalGroup(signal) }

    /// Says words on the person's terminal, as far as there is room.
    func tell(_ words: String) {
        let bytes = Array(words.utf8)
        _ = try? bytes.withUnsafeBytes { bytes throws(SSHError) in
            try channel.write(bytes, asError: terminal == nil)
        }
    }

    func clientLeft() { perform(machine.handle(.clientLeft, at: Clock.now)) }

    // MARK: Moving bytes

    /// What to poll: input, output, error output, the program's end; -1 where nothing is wanted.
    ///
    /// - Parameter maySend: whether the connection takes more.
    func interests(maySend: Bool) -> [Poll.Interest] {
        let mayRead = maySend && channel.window > 0
        return [
            keysInterest
                ?? .init(
                    input.isEmpty && !hasLeftover ? -1 : streams?.inputNumber ?? -1, .output),
            .init(mayRead && output.isEmpty ? streams?.outputNumber ?? -1 : -1, .input),
            .init(mayRead && errors.isEmpty ? streams?.errorNumber ?? -1 : -1, .input),
            .init(child?.descriptor ?? -1, .input),
        ]
    }

    /// Moves what can be moved now.
    /// - Parameter events: what came for `interests`.
    /// - Returns: whether there is more to be moved at once.
    func pump(_ events: [Poll.Events]) -> Bool {
        let now = Clock.now
        if channel.isClosedByClient { clientLeft() }
        let more = pumpInput()
        move(&output, asError: false, events.count > 1 && events[1].isReadable, now)
        move(&errors, asError: true, events.count > 2 && events[2].isReadable, now)
        noticeOutputEnd(now)
        noticeEnd(events.count > 3 && events[3].isReadable, now)
        if let deadline = machine.deadline, now >= deadline {
            // Output that the client does not fetch is not silent output.
            let isWaiting = !output.isEmpty || !errors.isEmpty || channel.window == 0
            perform(machine.handle(isWaiting ? .outputMoved : .timeReached, at: now))
        }
        return more
    }

    /// The stream of keys as long as the program wants it.
    private var keysInterest: Poll.Interest? {
        switch keys {
        case .some(let keys): keys.isWanted ? .init(keys.number, .input) : nil
        case .none: nil
        }
    }

    private var goesToKeys: Bool { keysInterest != nil }

    /// Whether who wanted it has ended, and nobody was to have it after that: it may be a passphrase.
    private var goesToNobody: Bool {
        switch keys {
        case .some(let keys): !keys.isWanted && !keys.isReleased
        case .none: false
        }
    }

    /// Whether the program left something of what was typed to what it started next.
    private var hasLeftover: Bool {
        switch keys {
        case .some(let keys): keys.hasLeftover
        case .none: false
        }
    }

    private func pumpInput() -> Bool {
        guard !machine.isIdle else { return false }
        hearKeys()
        channel.discardExtendedData()
        guard writeLeftover() else { return false }
        // Bounded, so that one channel's upload leaves room for the others.
        for _ in 0..<8 {
            if input.isEmpty {
                let count = try? input.fill { room throws(SSHError) in
                    try channel.read(into: room)
                }
                guard let count, count > 0 else { break }
            }
            guard writeInput() else { return false }
        }
        if input.isEmpty, channel.isAtEnd, !hasToldInputEnd {
            hasToldInputEnd = true
            perform(machine.handle(.inputEnded, at: Clock.now))
        }
        return input.isEmpty && !channel.isAtEnd && hasMore
    }

    /// Whether the client sent more than one round moves.
    private var hasMore: Bool { channel.hasUnread }

    private func hearKeys() {
        guard goesToKeys else { return }
        keys?.hear()
        guard !goesToKeys else { return }
        if !goesToNobody { channel.reveal() }
        if hasToldInputEnd, !hasLeftover { streams?.endInput() }
    }

    /// - Returns: whether all that the program left is where its successor reads.
    private func writeLeftover() -> Bool {
        let number = streams?.inputNumber ?? -1
        while hasLeftover, number >= 0 {
            var count = 0
            do throws(SystemError) {
                try keys?.drainLeftover { bytes throws(SystemError) in
                    count = try FileDescriptor.lend(number) { stream throws(SystemError) in
                        try stream.writeOnce(bytes) ?? 0
                    }
                    return count
                }
            } catch {
                keys = nil
            }
            guard count > 0 else { return !hasLeftover }
            if hasToldInputEnd, !hasLeftover { streams?.endInput() }
        }
        return true
    }

    /// - Returns: whether all of the input is gone.
    private func writeInput() -> Bool {
        if goesToKeys { return typeInput() }
        if goesToNobody {
            input.clear()
            return true
        }
        let number = streams?.inputNumber ?? -1
        guard number >= 0 else {
            // The program closed its input: the client may go on sending, to nobody.
            input.clear()
            return true
        }
        do throws(SystemError) {
            try input.drain { bytes throws(SystemError) in
                try FileDescriptor.lend(number) { stream throws(SystemError) in
                    try stream.writeOnce(bytes) ?? 0
                }
            }
        } catch {
            input.clear()
            streams?.endInput()
        }
        return input.isEmpty
    }

    /// - Returns: whether all of the input is gone.
    private func typeInput() -> Bool {
        let hasTerminal = terminal != nil
        var isStuck = false
        while !input.isEmpty, !isStuck {
            input.drain { bytes in
                let interrupt = hasTerminal ? bytes.firstIndex(of: 3) : nil
                // What the terminal would do with Control-C, for a derivation that runs meanwhile.
                if interrupt == bytes.startIndex {
                    child?.signalGroup(Signal.interrupt)
                    return 1
                }
                let until = interrupt ?? bytes.endIndex
                let count = keys?.write(.init(rebasing: bytes[..<until])) ?? bytes.count
                isStuck = count == 0
                return count
            }
        }
        return input.isEmpty
    }

    private func move(
        _ staging: inout Staging, asError: Bool, _ isReadable: Bool, _ now: Duration
    ) {
        let number = (asError ? streams?.errorNumber : streams?.outputNumber) ?? -1
        if isReadable, staging.isEmpty, number >= 0 {
            if !Self.fill(&staging, from: number, limit: channel.window) {
                streams?.close(error: asError)
            }
            perform(machine.handle(.outputMoved, at: now))
        }
        send(&staging, asError: asError)
    }

    private func send(_ staging: inout Staging, asError: Bool) {
        guard !staging.isEmpty else { return }
        do throws(SSHError) {
            try staging.drain { bytes throws(SSHError) in
                try channel.write(bytes, asError: asError)
            }
        } catch {
            staging.clear()
        }
    }

    /// - Returns: `false` at the stream's end.
    private static func fill(_ staging: inout Staging, from number: Int32, limit: Int) -> Bool {
        guard limit > 0 else { return true }
        let count = try? staging.fill(limit: limit) { room throws(SystemError) in
            try FileDescriptor.lend(number) { stream throws(SystemError) in
                // Nothing there is not the end.
                try stream.read(into: room) ?? -1
            }
        }
        // A terminal whose last program has gone fails with EIO.
        guard let count else { return false }
        return count != 0
    }

    private func noticeOutputEnd(_ now: Duration) {
        guard let ended = streams?.areAtEnd, ended, output.isEmpty, errors.isEmpty else { return }
        perform(machine.handle(.outputEnded, at: now))
    }

    private func noticeEnd(_ hasEnded: Bool, _ now: Duration) {
        guard hasEnded, let exit = child?.poll() else { return }
        child = nil
        switch exit {
        case .code(let code): perform(machine.handle(.exited(.code(code)), at: now))
        case .signal(let signal): perform(machine.handle(.exited(.signal(signal)), at: now))
        }
    }

    private func perform(_ effects: [ChannelMachine.Effect]) {
        for effect in effects {
            switch effect {
            case .endInput:
                keys?.end()
                // A terminal is told when somebody reads from it.
                if !goesToKeys { streams?.endInput() }
            case .sendEnd: channel.sendEnd()
            case .report(.code(let code)): channel.sendExit(code: code)
            case .report(.signal(let number)):
                channel.sendExit(
                    signal: Signal.sshName(number),
                    words: ChildProcess.Exit.signal(number).description)
            case .hangUp:
                child?.signalGroup(Signal.hangup)
                // One that is stopped must run to hear of it.
                child?.signalGroup(Signal.goOn)
            case .kill: child?.signalGroup(Signal.kill)
            case .close: streams = nil
            }
        }
    }
}
