import LinuxKit

/// Shows a kept shell on this process's terminal, and hands on what is typed.
package struct ShellView: ~Copyable {
    /// Why it is shown no longer.
    package enum End: Sendable, Equatable {
        case ended(code: Int32)
        /// Another session shows it.
        case takenOver
        /// This terminal is gone.
        case left
        /// The process that kept it was killed.
        case lost
    }

    private let socket: FileDescriptor

    package init(of id: Int) throws(SystemError) {
        socket = try UnixSocket.connect(to: KeptShells.socketPath(id))
    }

    /// Returns when there is nothing more to be shown here.
    package func run() throws(SystemError) -> End {
        let signals = try SignalDescriptor([
            Signal.windowChange, Signal.terminate, Signal.hangup,
        ])
        let raw = try RawTerminal(FileDescriptor.standardInput)
        defer { _ = raw }
        try sendSize()
        while true {
            let events = try Poll.wait(
                [
                    .init(signals.number, .input), .init(socket.number, .input),
                    .init(FileDescriptor.standardInput, .input),
                ], until: nil)
            while let signal = signals.next() {
                guard signal == Signal.windowChange else { return .left }
                try sendSize()
            }
            if events[1].isReadable, let end = try show() { return end }
            if events[2].isReadable, try !type() { return .left }
        }
    }

    private func show() throws(SystemError) -> End? {
        guard case .bytes(let message)? = try? socket.read(atMost: ShellMessage.longest) else {
            return .lost
        }
        switch message.first {
        case ShellMessage.shown: Output.write(Array(message.dropFirst()))
        case ShellMessage.takenOver: return .takenOver
        case ShellMessage.ended: return .ended(code: message.dropFirst().first.map(Int32.init) ?? 1)
        default: break
        }
        return nil
    }

    /// - Returns: `false` when nobody types any more.
    private func type() throws(SystemError) -> Bool {
        let read = FileDescriptor.lend(FileDescriptor.standardInput) {
            try? $0.read(atMost: ShellMessage.longest / 2)
        }
        guard case .bytes(let keys)? = read else { return read == .wouldBlock }
        try send([ShellMessage.typed] + keys)
        return true
    }

    private func sendSize() throws(SystemError) {
        guard let size = PseudoTerminal.size(of: FileDescriptor.standardInput) else { return }
        let bytes = [size.columns, size.rows].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        try send([ShellMessage.size] + bytes)
    }

    /// Waits for room; that the keeper is gone shows when it is read from.
    private func send(_ message: [UInt8]) throws(SystemError) { try? socket.write(message) }
}
