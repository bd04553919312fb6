import CLinux
import Glibc

/// A pseudo-terminal: what is written to `controlling` is typed, what is read from it is shown.
package struct PseudoTerminal: ~Copyable {
    /// Our side, non-blocking.
    package let controlling: FileDescriptor
    /// The side that programs have as standard input and output; dropped once they have it.
    package let program: FileDescriptor

    /// - Throws: naming /dev/ptmx, which needs devpts to be mounted.
    package init() throws(SystemError) {
        let path = Roots.dev + "/ptmx"
        var peer: Int32 = -1
        let opened = davit_terminal(path, &peer)
        guard opened >= 0 else { throw SystemError("make a terminal with", path) }
        controlling = FileDescriptor(adopting: opened)
        program = FileDescriptor(adopting: peer)
    }

    /// What a program writes arrives as it is, without a carriage return before each line feed.
    package borrowing func leaveLineEnds() {
        var modes = termios()
        guard tcgetattr(program.number, &modes) == 0 else { return }
        modes.c_oflag &= ~tcflag_t(OPOST)
        tcsetattr(program.number, TCSANOW, &modes)
    }

    /// Hands out both sides, for an owner that drops the program's side earlier.
    package consuming func split() -> (controlling: Int32, program: Int32) {
        let ours = controlling.release()
        return (ours, program.release())
    }

    /// Sets the window's size; programs in it get SIGWINCH.
    package static func resize(
        _ descriptor: Int32, columns: UInt16, rows: UInt16, width: UInt16, height: UInt16
    ) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: width, ws_ypixel: height)
        _ = davit_ioctl(descriptor, UInt(TIOCSWINSZ), &size)
    }

    /// The window's size; `nil` when `descriptor` is no terminal or does not know it.
    package static func size(of descriptor: Int32) -> (columns: UInt16, rows: UInt16)? {
        var size = winsize()
        guard davit_ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return (size.ws_col, size.ws_row)
    }

    /// Whether the terminal hands on whole lines and gives Control-D its meaning.
    package static func isCanonical(_ descriptor: Int32) -> Bool {
        var modes = termios()
        return tcgetattr(descriptor, &modes) == 0 && modes.c_lflag & tcflag_t(ICANON) != 0
    }
}
