import CLinux
import Glibc

/// The terminal with echo and line mode off; put back when the value goes away.
package struct HiddenInput: ~Copyable {
    private let descriptor: Int32
    private let original: termios

    /// Ctrl-C stays a signal, which also ends a derivation; the keys that would stop or dump this process before the
    /// echo is back mean nothing.
    /// - Throws: when `descriptor` is no terminal.
    package init(on descriptor: Int32) throws(SystemError) {
        var mode = termios()
        guard tcgetattr(descriptor, &mode) == 0 else {
            throw SystemError("hide what is typed on", "the terminal")
        }
        let before = mode
        mode.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN)
        mode.c_iflag &= ~tcflag_t(ICRNL | INLCR | IXON)
        withUnsafeMutableBytes(of: &mode.c_cc) { keys in
            keys[Int(VMIN)] = 1
            keys[Int(VTIME)] = 0
            // 0 is _POSIX_VDISABLE.
            keys[Int(VQUIT)] = 0
            keys[Int(VSUSP)] = 0
        }
        // What was typed while it was visible is thrown away; what was typed ahead under another value stays.
        let wasVisible = before.c_lflag & tcflag_t(ECHO) != 0
        guard tcsetattr(descriptor, wasVisible ? TCSAFLUSH : TCSADRAIN, &mode) == 0 else {
            throw SystemError("hide what is typed on", "the terminal")
        }
        self.descriptor = descriptor
        original = before
    }

    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Throws away what was typed before a question that must have been read first.
    package static func forgetTypedAhead(_ descriptor: Int32) { tcflush(descriptor, TCIFLUSH) }

    deinit {
        var mode = original
        tcsetattr(descriptor, TCSADRAIN, &mode)
    }
}
