import CSSH
import LinuxKit

/// The server's side of one SSH connection on a socket that somebody else accepted.
///
/// It never waits: its owner polls `descriptor` for `wantsOutput` or for input and then calls `process()`.
package final class ServerSession {
    let session: ssh_session
    private let event: ssh_event
    let serverCallbacks: UnsafeMutablePointer<ssh_server_callbacks_struct>
    /// One for all channels: libssh passes the channel along.
    let channelCallbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>
    private let packetCallbacks: PacketCallbacks
    private let counter: UnsafeMutablePointer<ssh_counter_struct>
    private var answered: UInt64 = 0
    private var channels: [Channel] = []
    private var broken = false
    /// What the security key said in the request to log in that libssh is dealing with.
    var securityKeySignature: SecurityKeySignature?
    var passphrase = PassphraseState.none
    /// The answer to its prompt that libssh is dealing with.
    var answer: SecretBytes?
    /// Our number of the channel whose request libssh is dealing with.
    var requestedChannel: UInt32?

    /// How far a login by passphrase is.
    enum PassphraseState { case none, asked, tried }

    /// Weak: the requests' owner owns this session.
    weak var requests: (any SessionRequests)?

    /// Takes over the connected, non-blocking socket `descriptor` and greets the client.
    /// - Throws: `.session` with libssh's reason.
    package init(
        adopting descriptor: Int32, hostKey: borrowing HostKey, offersPassphrase: Bool,
        requests: any SessionRequests
    ) throws(SSHError) {
        guard let session = ssh_new() else { throw .session("There is no memory for a session.") }
        guard let event = ssh_event_new() else {
            ssh_free(session)
            throw .session("There is no memory for a session.")
        }
        self.session = session
        self.event = event
        self.requests = requests
        serverCallbacks = .allocate(capacity: 1)
        serverCallbacks.initialize(to: ssh_server_callbacks_struct())
        channelCallbacks = .allocate(capacity: 1)
        channelCallbacks.initialize(to: ssh_channel_callbacks_struct())

        packetCallbacks = PacketCallbacks()
        counter = .allocate(capacity: 1)
        counter.initialize(to: ssh_counter_struct())

        try Self.attach(session, to: descriptor, hostKey)
        ssh_set_counters(session, nil, counter)
        installServerCallbacks(offersPassphrase: offersPassphrase)
        installChannelCallbacks()
        // Before libssh's own, which come with the first packet.
        packetCallbacks.install(on: self)
        offerPassphrase(offersPassphrase)
        ssh_set_blocking(session, 0)
        // The first call sends the banner and makes the poll context that the event then takes over.
        guard ssh_handle_key_exchange(session) != SSH_ERROR,
            ssh_event_add_session(event, session) == SSH_OK
        else { throw .session("The key exchange cannot begin: \(SSHError.reason(session)).") }
    }

    deinit {
        freeChannels()
        ssh_event_remove_session(event, session)
        ssh_event_free(event)
        ssh_free(session)
        serverCallbacks.deallocate()
        channelCallbacks.deallocate()
        counter.deallocate()
        packetCallbacks.free()
    }

    private static func attach(
        _ session: ssh_session, to descriptor: Int32, _ hostKey: borrowing HostKey
    ) throws(SSHError) {
        guard let bind = ssh_bind_new() else { throw .session("There is no memory for a session.") }
        defer { ssh_bind_free(bind) }
        // Neither /etc/ssh nor a home directory has a say.
        var no = false
        var accepted = ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no)
        let lists = [
            (SSH_BIND_OPTIONS_KEY_EXCHANGE, Algorithms.keyExchange),
            (SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, Algorithms.hostKey),
            (SSH_BIND_OPTIONS_CIPHERS_C_S, Algorithms.ciphers),
            (SSH_BIND_OPTIONS_CIPHERS_S_C, Algorithms.ciphers),
            (SSH_BIND_OPTIONS_HMAC_C_S, Algorithms.authentication),
            (SSH_BIND_OPTIONS_HMAC_S_C, Algorithms.authentication),
            (SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, Algorithms.publicKeys),
            (SSH_BIND_OPTIONS_BANNER, "davit"),
        ]
        for (option, value) in lists { accepted |= ssh_bind_options_set(bind, option, value) }
        var bits = Algorithms.smallestRSA
        accepted |= ssh_bind_options_set(bind, SSH_BIND_OPTIONS_RSA_MIN_SIZE, &bits)
        if let copy = hostKey.copyForBind() {
            accepted |= ssh_bind_options_set(
                bind, SSH_BIND_OPTIONS_IMPORT_KEY, UnsafeMutableRawPointer(copy))
        }
        guard accepted == 0, ssh_bind_accept_fd(bind, session, descriptor) == SSH_OK else {
            throw .session("libssh refuses its configuration: \(SSHError.reason(bind)).")
        }
    }

    /// What the owner must poll.
    package var descriptor: Int32 { ssh_get_fd(session) }

    /// Whether something waits to be sent. Until it is gone the owner takes in no more, from programs or from the
    /// client: so one that does not read cannot make this process hold more than a few packets.
    package var wantsOutput: Bool { ssh_get_poll_flags(session) & SSH_WRITE_PENDING != 0 }

    package var isAlive: Bool {
        !broken && ssh_is_connected(session) != 0
            && ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR) == 0
    }

    /// Why the session is no longer alive, in libssh's or the client's words.
    package var reason: String {
        if let words = ssh_get_disconnect_message(session) { return String(cString: words) }
        return SSHError.reason(session)
    }

    /// What was agreed on, such as `curve25519-sha256, aes256-gcm@openssh.com`; `nil` before that.
    package var agreement: String? {
        guard let exchange = ssh_get_kex_algo(session), let cipher = ssh_get_cipher_in(session)
        else { return nil }
        return "\(String(cString: exchange)), \(String(cString: cipher))"
    }

    /// Packets that the client has sent.
    package var packetsReceived: UInt64 { counter.pointee.in_packets }

    /// Sends and receives what is possible at once, and asks the `SessionRequests`.
    package func process() {
        let sent = counter.pointee.out_packets
        defer { countPackets(sentBefore: sent) }
        if ssh_event_dopoll(event, 0) == SSH_ERROR { broken = true }
    }

    /// Gives a channel back; the client is told that it is closed.
    package func free(_ channel: Channel) {
        channel.free()
        channels.removeAll { $0 === channel }
    }

    /// libssh frees what is left when a session ends, whoever still holds it: so nothing is left.
    private func freeChannels() {
        for channel in channels { channel.free() }
        channels.removeAll()
    }

    /// Ends the connection with words that the client shows. The owner has seen that `descriptor` can be written to:
    /// libssh closes the socket without waiting, and what does not fit in at once is lost.
    package func disconnect(_ words: String) {
        guard isAlive else { return }
        freeChannels()
        _ = ssh_session_set_disconnect_message(session, words)
        ssh_set_fd_towrite(session)
        ssh_disconnect(session)
        broken = true
    }

    /// Whether the client's last packet was left without an answer.
    ///
    /// Until somebody is logged in, client and server take turns. libssh drops a login request that it cannot read
    /// or whose signature it does not accept, and the client then waits for ever.
    package var owesAnswer: Bool {
        counter.pointee.in_packets > answered && passphrase != .tried
    }

    /// Counts as answered everything that has come in.
    func countAnswer() { answered = counter.pointee.in_packets }

    /// Counts as answered what has come in before something went out.
    private func countPackets(sentBefore: UInt64) {
        if counter.pointee.out_packets > sentBefore { answered = counter.pointee.in_packets }
    }

    func channel(_ handle: ssh_channel?) -> Channel? { channels.first { $0.handle == handle } }

    func channel(numbered number: UInt32) -> Channel? { channels.first { $0.number == number } }

    func newChannel() -> ssh_channel? {
        guard let requests, requests.mayOpenChannel() else { return nil }
        return newChannel { requests.opened($0) }
    }

    func newChannel(to target: ForwardingTarget) -> ssh_channel? {
        guard let requests, requests.mayForward(to: target) else { return nil }
        return newChannel { requests.opened($0, to: target) }
    }

    private func newChannel(_ isServed: (Channel) -> Bool) -> ssh_channel? {
        guard let handle = ssh_channel_new(session) else { return nil }
        guard ssh_add_channel_callbacks(handle, channelCallbacks) == SSH_OK else {
            ssh_channel_free(handle)
            return nil
        }
        let channel = Channel(adopting: handle)
        guard isServed(channel) else {
            channel.free()
            return nil
        }
        channels.append(channel)
        return handle
    }
}
