import Glibc

/// Standard output and error for people and programs; a reader that went away is no error.
package enum Output {
    /// One line on standard output.
    package static func line(_ text: String = "") { write(text + "\n") }

    /// Text on standard output as it stands.
    package static func write(_ text: String) { put(Array(text.utf8), 1) }

    /// Bytes on standard output, such as what another program said.
    package static func write(_ bytes: [UInt8]) { put(bytes, 1) }

    /// One line on standard error.
    package static func error(_ text: String) { put(Array("\(text)\n".utf8), 2) }

    /// A question on standard error, without a line end.
    package static func promptText(_ text: String) { put(Array(text.utf8), 2) }

    /// A byte that was typed, shown at a question.
    package static func echo(_ byte: UInt8) { put([byte], 2) }

    /// Whether a person reads standard output on a terminal.
    package static var isTerminal: Bool { isatty(1) == 1 }

    /// The width of the terminal at standard output; 80 where it does not say.
    package static var columns: Int {
        var size = winsize()
        let isKnown = ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
        return isKnown ? Int(size.ws_col) : 80
    }

    /// Whether a person reads standard error on a terminal.
    package static var isErrorTerminal: Bool { isatty(2) == 1 }

    private static func put(_ bytes: [UInt8], _ descriptor: Int32) {
        // Not ours to close; a failed write has nobody left to be told.
        let stream = FileDescriptor(adopting: descriptor)
        try? stream.write(bytes)
        _ = stream.release()
    }
}
