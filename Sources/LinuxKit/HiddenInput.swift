import CLinux
import Glibc

/// The terminal with echo and line mode off; put back when the value goes away.
package struct HiddenInput: ~Copyable {
    private let mode: TerminalMode

    /// Ctrl-C stays a signal, which also ends a derivation; the keys that would stop or dump this process before the
    /// echo is back mean nothing.
    /// - Throws: when `descriptor` is no terminal.
    package init(on descriptor: Int32) throws(SystemError) {
        mode = try TerminalMode(of: descriptor, to: "hide what is typed on") { mode in
            // What was typed while it was visible is thrown away; what was typed ahead under another value stays.
            let wasVisible = mode.c_lflag & tcflag_t(ECHO) != 0
            mode.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN)
            mode.c_iflag &= ~tcflag_t(ICRNL | INLCR | IXON)
            withUnsafeMutableBytes(of: &mode.c_cc) { keys in
                keys[Int(VMIN)] = 1
                keys[Int(VTIME)] = 0
                // 0 is _POSIX_VDISABLE.
                keys[Int(VQUIT)] = 0
                keys[Int(VSUSP)] = 0
            }
            return wasVisible ? TCSAFLUSH : TCSADRAIN
        }
    }

    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Throws away what was typed before a question that must have been read first.
    package static func forgetTypedAhead(_ descriptor: Int32) { tcflush(descriptor, TCIFLUSH) }
}
