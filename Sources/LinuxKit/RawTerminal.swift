import Glibc

/// A terminal that hands on every key as it is; put back when the value goes away.
package struct RawTerminal: ~Copyable {
    private let descriptor: Int32
    private let original: termios

    /// - Throws: when `descriptor` is no terminal.
    package init(_ descriptor: Int32) throws(SystemError) {
        var mode = termios()
        guard tcgetattr(descriptor, &mode) == 0 else {
            throw SystemError("hand on the keys of", "the terminal")
        }
        let before = mode
        cfmakeraw(&mode)
        guard tcsetattr(descriptor, TCSADRAIN, &mode) == 0 else {
            throw SystemError("hand on the keys of", "the terminal")
        }
        self.descriptor = descriptor
        original = before
    }

    deinit {
        var mode = original
        tcsetattr(descriptor, TCSADRAIN, &mode)
    }
}
