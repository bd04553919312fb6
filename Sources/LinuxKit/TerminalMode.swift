import Glibc

/// Another mode of a terminal; the one before is put back when the value goes away.
struct TerminalMode: ~Copyable {
    private let descriptor: Int32
    private let original: termios

    /// - Parameters:
    ///   - purpose: what the terminal is to do, for the error's words.
    ///   - change: makes the new mode out of the present one, and says how it is to be set (TCSADRAIN, TCSAFLUSH).
    /// - Throws: when `descriptor` is no terminal.
    init(
        of descriptor: Int32, to purpose: String, _ change: (inout termios) -> Int32
    ) throws(SystemError) {
        var mode = termios()
        guard tcgetattr(descriptor, &mode) == 0 else { throw SystemError(purpose, "the terminal") }
        let before = mode
        let action = change(&mode)
        guard tcsetattr(descriptor, action, &mode) == 0 else {
            throw SystemError(purpose, "the terminal")
        }
        self.descriptor = descriptor
        original = before
    }

    deinit {
        var mode = original
        tcsetattr(descriptor, TCSADRAIN, &mode)
    }
}
