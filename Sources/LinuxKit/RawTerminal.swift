import Glibc

/// A terminal that hands on every key as it is; put back when the value goes away.
package struct RawTerminal: ~Copyable {
    private let mode: TerminalMode

    /// - Throws: when `descriptor` is no terminal.
    package init(_ descriptor: Int32) throws(SystemError) {
        mode = try TerminalMode(of: descriptor, to: "hand on the keys of") { mode in
            cfmakeraw(&mode)
            return TCSADRAIN
        }
    }
}
