import LinuxKit

/// Asks the person at the terminal.
package enum Question {
    package enum Answer: Sendable, Equatable {
        case yes
        case no
        /// No answer: Ctrl-C, Ctrl-D, or the terminal is gone.
        case none
    }

    /// Whether somebody is there to answer: standard input and output are a terminal.
    package static var isPossible: Bool { HiddenInput.isTerminal(0) && Output.isTerminal }

    /// Asks until the answer is yes or no, each as a whole word.
    /// - Parameter afresh: what was typed before the question is no answer to it.
    package static func ask(_ words: String, afresh: Bool = false) -> Answer {
        // While it waits, and no longer: a look at a disk that hangs can be ended by Ctrl-C.
        guard
            let signals = try? SignalDescriptor([
                Signal.interrupt, Signal.terminate, Signal.hangup,
            ])
        else { return .none }
        defer { signals.letThrough() }
        if afresh { HiddenInput.forgetTypedAhead(0) }
        while true {
            Output.write(words + " (yes/no) ")
            guard let line = line(signals) else {
                Output.line()
                return .none
            }
            switch line {
            case "yes": return .yes
            case "no": return .no
            default: Output.line("Type the whole word yes or no; Ctrl-D ends.")
            }
        }
    }

    /// What was typed up to Enter; `nil` where that never comes.
    private static func line(_ signals: borrowing SignalDescriptor) -> String? {
        var typed: [UInt8] = []
        while true {
            let interests = [Poll.Interest(0, .input), .init(signals.number, .input)]
            guard let ready = try? Poll.wait(interests, until: nil) else { return nil }
            // Taken here: what was said last has to be said still.
            if signals.next() != nil { return nil }
            guard ready.first?.isReadable == true else { continue }
            // One byte at a time: what was typed ahead is for the next question, and a line may come in pieces.
            let read = FileDescriptor.lend(0) { input in try? input.read(atMost: 1) }
            guard case .bytes(let bytes)? = read, let byte = bytes.first else { return nil }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
            // Only the beginning of a longer line is kept, and that is no answer.
            if typed.count < 16 { typed.append(byte) }
        }
        return String(decoding: typed.filter { $0 != UInt8(ascii: " ") }, as: UTF8.self)
    }
}
