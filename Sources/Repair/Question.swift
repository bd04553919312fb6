import LinuxKit

/// Asks the person at the terminal.
package enum Question {
    /// Whether somebody is there to answer: standard input and output are a terminal.
    package static var isPossible: Bool { HiddenInput.isTerminal(0) && Output.isTerminal }

    /// Whether the answer is `expected`; the end of input is no answer.
    package static func ask(_ words: String, expecting expected: String) -> Bool {
        Output.write(words + " ")
        let read = FileDescriptor.lend(0) { input in try? input.read(atMost: 256) }
        guard case .bytes(let bytes)? = read else { return false }
        let answer = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return String(decoding: answer, as: UTF8.self) == expected
    }
}
