import CSSH

/// What a client asks before it is logged in, on its way from libssh to the `SessionRequests`.
extension ServerSession {
    func installServerCallbacks(offersPassphrase: Bool) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        serverCallbacks.pointee.size = MemoryLayout<ssh_server_callbacks_struct>.size
        serverCallbacks.pointee.userdata = me
        serverCallbacks.pointee.auth_pubkey_function = { _, user, key, state, context in
            guard let me = ServerSession.at(context), let user, let key,
                let offered = OfferedKey(key)
            else { return SSH_AUTH_DENIED.rawValue }
            return me.keyOffered(offered, by: String(cString: user), Int32(state)).rawValue
        }
        if offersPassphrase {
            serverCallbacks.pointee.auth_kbdint_function = { message, session, context in
                guard let me = ServerSession.at(context), let message else {
                    return SSH_AUTH_DENIED.rawValue
                }
                return ssh_message_auth_kbdint_is_response(message) != 0
                    ? me.passphraseTyped().rawValue : me.passphraseWanted(message).rawValue
            }
        }
        serverCallbacks.pointee.channel_open_request_session_function = { _, context in
            ServerSession.at(context)?.newChannel()
        }
        serverCallbacks.pointee.channel_open_request_direct_tcpip_function = {
            _, host, port, _, _, context in
            guard let host, let port = UInt16(exactly: port) else { return nil }
            let target = ForwardingTarget(host: String(cString: host), port: port)
            return ServerSession.at(context)?.newChannel(to: target)
        }
        ssh_set_server_callbacks(session, serverCallbacks)
    }

    private func keyOffered(
        _ key: OfferedKey, by user: String, _ state: Int32
    ) -> ssh_auth_e {
        abandonPassphrase()
        let proof: LoginProof
        switch state {
        case SSH_PUBLICKEY_STATE_VALID.rawValue: proof = .signature(securityKeySignature)
        case SSH_PUBLICKEY_STATE_NONE.rawValue: proof = .none
        default: return SSH_AUTH_DENIED
        }
        guard let requests, requests.mayLogIn(user: user, with: key, proof: proof) else {
            return SSH_AUTH_DENIED
        }
        return SSH_AUTH_SUCCESS
    }

    // MARK: Passphrases. Source: RFC 4256.

    /// Says whether the client is told that it may log in by a passphrase.
    package func offerPassphrase(_ wanted: Bool) {
        let methods = SSH_AUTH_METHOD_PUBLICKEY | (wanted ? SSH_AUTH_METHOD_INTERACTIVE : 0)
        ssh_set_auth_methods(session, CInt(bitPattern: methods))
    }

    private func passphraseWanted(_ message: ssh_message) -> ssh_auth_e {
        abandonPassphrase()
        guard let requests, let user = ssh_message_auth_user(message),
            let words = requests.passphraseWanted(by: String(cString: user))
        else { return SSH_AUTH_DENIED }
        var echo: CChar = 0
        let sent = "Passphrase of the disks: ".withCString { prompt in
            var prompts: UnsafePointer<CChar>? = prompt
            return ssh_message_auth_interactive_request(message, "", words, 1, &prompts, &echo)
        }
        guard sent == SSH_OK else { return SSH_AUTH_DENIED }
        passphrase = .asked
        return SSH_AUTH_INFO
    }

    private func passphraseTyped() -> ssh_auth_e {
        // What libssh has of the answer are zeros.
        guard passphrase == .asked, let requests,
            ssh_userauth_kbdint_getnanswers(session) == 1, let typed = answer.take()
        else { return SSH_AUTH_DENIED }
        passphrase = .none
        guard typed.withBytes({ requests.passphraseTyped($0) }) else { return SSH_AUTH_DENIED }
        passphrase = .tried
        // Nothing is said until `answerPassphrase`.
        return SSH_AUTH_INFO
    }

    /// Answers the passphrase that was typed last, unless the client has given it up meanwhile.
    /// - Returns: whether it was answered.
    package func answerPassphrase(isRight: Bool) -> Bool {
        guard isAlive, passphrase == .tried else { return false }
        passphrase = .none
        let sent =
            isRight ? ssh_auth_reply_success(session, 0) : ssh_auth_reply_default(session, 0)
        countAnswer()
        return sent == SSH_OK
    }

    /// A new request puts an end to the one before (RFC 4252 §5.1), which then gets no answer.
    private func abandonPassphrase() {
        if passphrase == .tried { requests?.passphraseAbandoned() }
        passphrase = .none
    }
}
