/// What one byte from a terminal in raw mode means at a passphrase prompt.
package enum Keystroke: Equatable, Sendable {
    /// A byte of the passphrase.
    case text(UInt8)
    case submit
    /// Backspace: the last character goes.
    case erase
    /// Ctrl-U: everything goes.
    case eraseAll
    /// Ctrl-C.
    case interrupt
    /// Ctrl-D: the end when nothing is typed, and submits otherwise, as in a terminal's own line mode.
    case end
    case ignored

    package init(_ byte: UInt8) {
        self =
            switch byte {
            case 0x0A, 0x0D: .submit
            case 0x08, 0x7F: .erase
            case 0x15: .eraseAll
            case 0x03: .interrupt
            case 0x04: .end
            // A passphrase may hold a tab; what else is below a space comes from keys such as the arrows.
            case 0x09: .text(byte)
            case 0..<0x20: .ignored
            default: .text(byte)
            }
    }
}
