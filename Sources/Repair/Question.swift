import LinuxKit
import Glibc

/// Asks the person at the terminal.
package enum Question {
    /// Whether somebody is there to answer: standard input and output are a terminal.
    package static var isPossible: Bool { isatty(0) == 1 && Output.isTerminal }

    /// Whether the answer is `expected`; the end of input is no answer.
    package static func ask(_ words: String, expecting expected: String) -> Bool {
        Output.write(words + " ")
        guard let input = try? FileDescriptor(opening: "/dev/tty", O_RDONLY),
            case .bytes(let bytes)? = try? input.read(atMost: 256)
        else { return false }
        let answer = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return String(decoding: answer, as: UTF8.self) == expected
    }
}
