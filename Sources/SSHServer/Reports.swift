import LinuxKit

/// What a session tells the listener, a byte each, over the pipe that is the session's standard output.
///
/// So small that a session taken over by a stranger can say nothing else.
struct Reports {
    enum Report: UInt8, Sendable {
        /// The process has started up.
        case ready = 0x62  // b
        /// A packet was dealt with before the login.
        case progressed = 0x70  // p
        case exchanged = 0x78  // x
        /// A person is at it: a listed key was offered, or the passphrase was asked for.
        case offered = 0x6F  // o
        case loggedIn = 0x6C  // l
        case refused = 0x72  // r
    }

    /// Does nothing when nobody listens: a session outlives a listener that crashed.
    func send(_ report: Report) {
        FileDescriptor.lend(FileDescriptor.standardOutput) { try? $0.write([report.rawValue]) }
    }
}
