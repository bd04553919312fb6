import LinuxKit

/// Asks the person at the terminal.
package enum Question {
    /// Whether somebody is there to answer: standard input and output are a terminal.
    package static var isPossible: Bool { HiddenInput.isTerminal(0) && Output.isTerminal }

    /// Whether the answer is `expected`; the end of input is no answer.
    package static func ask(_ words: String, expecting expected: String) -> Bool {
        Output.write(words + " ")
        var answer: [UInt8] = []
        // One byte at a time: what was typed ahead is for the next question, and a line may come in pieces.
        while answer.count < 256 {
            let read = FileDescriptor.lend(0) { input in try? input.read(atMost: 1) }
            guard case .bytes(let bytes)? = read, let byte = bytes.first else { return false }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
            answer.append(byte)
        }
        return String(decoding: answer, as: UTF8.self) == expected
    }
}
