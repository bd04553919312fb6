import BootCore
import JSONKit
import LinuxKit
import Recorder

/// One shell with a terminal of its own, and who sees it: nobody, or the last that asked.
///
/// Writes `$DAVIT_RUN/shell/N.json`: `{id, pid, shell, since, isShown}`; `pid` is this process, `shell` the shell's, `since`
/// in milliseconds since boot.
package final class KeptShell {
    /// How long the shell may take to end when it was told to.
    private static let patience = Duration.seconds(1)
    /// How long the last words may take to be fetched.
    private static let patienceAtEnd = Duration.seconds(2)
    private static let pause = Duration.seconds(1)

    private let id: Int
    private let listener = FileDescriptor(adopting: 3)
    /// `nil` where /run has no room for it: then the shell is not listed.
    private let lock: LockFile?
    private let terminal: FileDescriptor
    private var child: ChildProcess
    private let since = Clock.now
    private let recorder = Recorder(component: .session)
    private var scrollback = Scrollback()
    private var viewer: FileDescriptor?
    /// On its way to the terminal, and to the viewer.
    private var typed: ArraySlice<UInt8> = []
    private var backlog: ArraySlice<UInt8> = []
    private var isHungUp = false
    /// When the state is written again, after /run had no room.
    private var nextWrite: Duration?
    /// Set when this process was told to end.
    private var killsAt: Duration?

    /// Takes over the socket that is descriptor 3.
    package init(_ id: Int) throws(SystemError) {
        let pair = try PseudoTerminal().split()
        terminal = FileDescriptor(adopting: pair.controlling)
        let program = FileDescriptor(adopting: pair.program)
        var request = ChildProcess.Request("/bin/sh", ["-i"])
        request.environment = Environment.inherited
        request.runs(on: program.number)
        child = try ChildProcess(starting: request)
        self.id = id
        do throws(SystemError) {
            lock = try LockFile(taking: KeptShells.lockPath(id))
        } catch {
            lock = nil
        }
    }

    /// Returns when the shell has ended.
    package func run() throws(SystemError) {
        let signals = try SignalDescriptor([Signal.terminate, Signal.hangup, Signal.interrupt])
        recorder.record("shell \(id) begins, process \(child.pid)", .detail)
        writeState()
        defer { KeptShells.removeFiles(of: id) }
        while true {
            let interests = [
                Poll.Interest(signals.number, .input), .init(child.descriptor, .input),
                .init(listener.number, .input), terminalInterest, viewerInterest,
            ]
            let deadline = [nextWrite, killsAt].compactMap { $0 }.min()
            let events = try Poll.wait(interests, until: deadline)
            while signals.next() != nil { hangUp() }
            if let due = killsAt, Clock.now >= due {
                child.signalGroup(Signal.kill)
                killsAt = Clock.now + Self.patience
            }
            if let due = nextWrite, Clock.now >= due { writeState() }
            if events[3] != [] { moveTerminal(events[3]) }
            if events[4] != [] { moveViewer(events[4]) }
            if events[2].isReadable { welcome() }
            if events[1].isReadable, let exit = child.poll() {
                finish(exit)
                return
            }
        }
    }

    private var terminalInterest: Poll.Interest {
        // What nobody fetches waits where the program sees that it does.
        var events: Poll.Events = backlog.isEmpty ? .input : []
        if !typed.isEmpty { events.insert(.output) }
        return .init(isHungUp || events == [] ? -1 : terminal.number, events)
    }

    private var viewerInterest: Poll.Interest {
        var events: Poll.Events = typed.isEmpty ? .input : []
        if !backlog.isEmpty { events.insert(.output) }
        return .init(viewer.number, events)
    }

    private func moveTerminal(_ events: Poll.Events) {
        if !typed.isEmpty {
            // A terminal that nobody has any more takes nothing; what was typed is for nobody.
            let count = typed.withUnsafeBytes { bytes in
                do throws(SystemError) {
                    return try terminal.writeOnce(bytes) ?? 0
                } catch {
                    return bytes.count
                }
            }
            typed = typed.dropFirst(count)
        }
        if events.isReadable, backlog.isEmpty { fetch() }
    }

    /// - Returns: whether there may be more.
    @discardableResult
    private func fetch() -> Bool {
        switch try? terminal.read(atMost: ShellMessage.longest) {
        case .bytes(let bytes):
            scrollback.append(bytes)
            if viewer.number >= 0 { backlog += bytes }
            send()
            return true
        case .wouldBlock: return false
        // No program has the terminal any more: EIO.
        case .end, nil:
            isHungUp = true
            return false
        }
    }

    // MARK: Who sees it

    private func welcome() {
        guard let next = UnixSocket.accept(from: listener.number) else { return }
        tell([ShellMessage.takenOver])
        viewer = consume next
        typed = []
        backlog = scrollback.content
        send()
        writeState()
    }

    private func moveViewer(_ events: Poll.Events) {
        if !backlog.isEmpty { send() }
        guard typed.isEmpty else {
            // The program does not take what was typed; who typed it need not be waited for.
            if !events.isDisjoint(with: .closed) { leave() }
            return
        }
        guard events.isReadable else { return }
        let number = viewer.number
        let message = FileDescriptor.lend(number) { try? $0.read(atMost: ShellMessage.longest) }
        switch message {
        case .bytes(let bytes): take(bytes)
        case .wouldBlock: break
        case .end, nil: leave()
        }
    }

    private func take(_ message: [UInt8]) {
        let rest = message.dropFirst()
        switch message.first {
        case ShellMessage.typed:
            typed = rest
            moveTerminal([])
        case ShellMessage.size where rest.count == 4:
            let words = rest.map(UInt16.init)
            PseudoTerminal.resize(
                terminal.number, columns: words[0] << 8 | words[1], rows: words[2] << 8 | words[3],
                width: 0, height: 0)
        default: break
        }
    }

    private func leave() {
        viewer = nil
        backlog = []
        writeState()
    }

    private func send() {
        while !backlog.isEmpty, viewer.number >= 0 {
            let piece = backlog.prefix(ShellMessage.longest - 1)
            guard tell([ShellMessage.shown] + piece) else { return }
            backlog = backlog.dropFirst(piece.count)
        }
    }

    /// - Returns: whether there was room for it.
    @discardableResult
    private func tell(_ message: [UInt8]) -> Bool {
        guard viewer.number >= 0 else { return false }
        let isSent: Bool? = FileDescriptor.lend(viewer.number) { socket in
            message.withUnsafeBytes { bytes in
                do throws(SystemError) {
                    return try socket.writeOnce(bytes) != nil
                } catch {
                    return nil
                }
            }
        }
        if isSent == nil { leave() }
        return isSent == true
    }

    // MARK: The end

    /// The shell, and the program that it has given the terminal to.
    private func hangUp() {
        guard killsAt == nil else { return }
        killsAt = Clock.now + Self.patience
        child.signalGroup(Signal.hangup)
        child.signalGroup(Signal.goOn)
    }

    private func finish(_ exit: ChildProcess.Exit) {
        recorder.record("shell \(id): \(exit)", .detail)
        let limit = Clock.now + Self.patienceAtEnd
        while Clock.now < limit, viewer.number >= 0 {
            if backlog.isEmpty, !fetch() { break }
            guard !backlog.isEmpty else { continue }
            _ = try? Poll.wait([.init(viewer.number, .output)], until: limit)
            send()
        }
        let code: Int32 =
            switch exit {
            case .code(let code): code
            case .signal(let number): 128 + number
            }
        tell([ShellMessage.ended, UInt8(truncatingIfNeeded: code)])
    }

    private func writeState() {
        let state: JSON = [
            "id": .number(id),
            "pid": .number(Int(Host.pid)),
            "shell": .number(Int(child.pid)),
            "since": JSON(since.milliseconds),
            "isShown": .bool(viewer.number >= 0),
        ]
        let isWritten = (try? Files.replace(KeptShells.statePath(id), with: state.pretty)) != nil
        nextWrite = isWritten ? nil : Clock.now + Self.pause
    }
}
