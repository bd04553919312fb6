import LinuxKit
import SSHKit

/// The last words of a connection, so that they arrive.
enum Farewell {
    private static let patience = Duration.milliseconds(500)

    /// Sends the words; then reads what the client still sent, because the kernel resets a connection that is closed
    /// with something unread, and the reset overtakes the words.
    static func say(_ words: String, over session: ServerSession) {
        let limit = Clock.now + patience
        let ours = FileDescriptor.lend(session.descriptor) { try? $0.duplicate() }
        // Not `process()`: a client that goes on asking would be answered in place of being told.
        _ = try? Poll.wait([.init(session.descriptor, .output)], until: limit)
        session.disconnect(words)
        guard let ours else { return }
        TCPSocket.endOutput(ours.number)
        while Clock.now < limit {
            _ = try? Poll.wait([.init(ours.number, .input)], until: limit)
            guard let read = try? ours.read(atMost: 65536), read != .end else { return }
        }
    }
}
