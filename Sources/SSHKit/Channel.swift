import CSSH
import LinuxKit

/// One session channel; a class because libssh's callbacks find it again by its address.
package final class Channel {
    let handle: ssh_channel
    private var freed = false
    /// Our number of it on the wire, known from its first request on.
    var number: UInt32?
    /// How much of what the client sent libssh holds, as of the last packet.
    var buffered = 0
    private var concealed: SecretQueue?
    /// How much libssh holds that came before what was concealed.
    private var plainAhead = 0
    private(set) var isConcealing = false

    init(adopting handle: ssh_channel) { self.handle = handle }

    deinit { free() }

    /// Closes the channel and gives it back. Never called from within a request.
    package func free() {
        guard !freed else { return }
        freed = true
        ssh_channel_free(handle)
    }

    /// Whether the client has closed the channel; what it sent before may still be read.
    package private(set) var isClosedByClient = false

    func closedByClient() { isClosedByClient = true }

    /// How many bytes the client is ready to take.
    package var window: Int { freed ? 0 : Int(ssh_channel_window_size(handle)) }

    /// Whether the client will send nothing more and everything was read.
    package var isAtEnd: Bool { freed || ssh_channel_is_eof(handle) != 0 }

    /// Whether something that the client has sent waits to be read.
    package var hasUnread: Bool { !freed && ssh_channel_poll(handle, 0) > 0 }

    // MARK: Reading

    /// What the client has sent, as far as it is here and fits.
    /// - Returns: the number of bytes put into `buffer`; 0 when there is nothing now.
    /// - Throws: `.session` when the connection is broken.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SSHError) -> Int {
        guard !freed, !buffer.isEmpty else { return 0 }
        // This may take in more packets, and so comes before the count of what was concealed.
        let here = ssh_channel_poll(handle, 0)
        // The end is a state (`isAtEnd`), not an event.
        if here == 0 || here == SSH_EOF || here == SSH_AGAIN { return 0 }
        guard here > 0 else { throw .session("The channel cannot be read.") }
        let waiting = concealed.waiting
        let most = plainAhead > 0 ? plainAhead : waiting > 0 ? waiting : Int.max
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(min(Int(here), most)))
        let count = ssh_channel_read_nonblocking(
            handle, room.baseAddress, UInt32(clamping: room.count), 0)
        guard count >= 0 else { throw .session("The channel cannot be read.") }
        if plainAhead > 0 {
            plainAhead -= min(plainAhead, Int(count))
        } else if waiting > 0 {
            return concealed?.take(into: .init(rebasing: room.prefix(Int(count)))) ?? 0
        }
        return Int(count)
    }

    /// The most that a client may send before it is read: libssh's window. Source: libssh src/channels.c, WINDOW_DEFAULT.
    private static let window = 64 * 0x8000

    /// From now on libssh gets zeros for what the client sends, and only `read` has the bytes themselves. For within a
    /// request; it lasts until `reveal`.
    /// - Throws: when the kernel gives no memory.
    package func conceal() throws(SystemError) {
        concealed = try SecretQueue(capacity: Self.window)
        plainAhead = buffered
        isConcealing = true
    }

    /// What comes from now on is no secret.
    package func reveal() { isConcealing = false }

    func take(_ data: UnsafeMutableRawBufferPointer) {
        // Without room the client has sent more than it may, and libssh ends the connection.
        _ = concealed?.append(UnsafeRawBufferPointer(data))
        data.wipe()
    }

    /// Discards what a client sends as standard error, which means nothing towards a server.
    package func discardExtendedData() {
        guard !freed else { return }
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            guard let base = buffer.baseAddress else { return }
            while ssh_channel_poll(handle, 1) > 0,
                ssh_channel_read_nonblocking(handle, base, UInt32(buffer.count), 1) > 0
            {}
        }
    }

    /// Sends data as the program's output or error output.
    /// - Returns: how many bytes went, never more than `window`; 0 while keys are exchanged anew.
    /// - Throws: `.session` when the connection or the channel is closed.
    package func write(
        _ bytes: UnsafeRawBufferPointer, asError: Bool = false
    ) throws(SSHError) -> Int {
        // libssh waits inside the call for a window that is used up, so it is never asked to.
        let count = min(bytes.count, window)
        guard !freed, let base = bytes.baseAddress, count > 0 else { return 0 }
        let written =
            asError
            ? ssh_channel_write_stderr(handle, base, UInt32(clamping: count))
            : ssh_channel_write(handle, base, UInt32(clamping: count))
        guard written >= 0 else { throw .session("The channel cannot be written to.") }
        return Int(written)
    }

    /// Says that no more output comes.
    package func sendEnd() {
        if !freed { _ = ssh_channel_send_eof(handle) }
    }

    package func sendExit(code: Int32) {
        if !freed { _ = ssh_channel_request_send_exit_status(handle, code) }
    }

    /// `signal` without SIG, as RFC 4254 §6.10 names them.
    package func sendExit(signal: String, words: String) {
        if !freed { _ = ssh_channel_request_send_exit_signal(handle, signal, 0, words, "") }
    }
}

extension Optional where Wrapped == SecretQueue {
    fileprivate var waiting: Int {
        switch self {
        case .some(let queue): queue.count
        case .none: 0
        }
    }
}
