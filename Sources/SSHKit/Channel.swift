import CSSH

/// One session channel; a class because libssh's callbacks find it again by its address.
package final class Channel {
    let handle: ssh_channel
    private var freed = false

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

    /// What the client has sent, as far as it is here and fits.
    /// - Returns: the number of bytes put into `buffer`; 0 when there is nothing now.
    /// - Throws: `.session` when the connection is broken.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SSHError) -> Int {
        guard !freed, let base = buffer.baseAddress, !buffer.isEmpty else { return 0 }
        let count = ssh_channel_read_nonblocking(
            handle, base, UInt32(clamping: buffer.count), 0)
        // The end is a state (`isAtEnd`), not an event.
        if count == SSH_EOF || count == SSH_AGAIN { return 0 }
        guard count >= 0 else { throw .session("The channel cannot be read.") }
        return Int(count)
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
