import LinuxKit
import Recorder
import SSHCore
import SSHKit

extension Connection: SessionRequests {
    /// There is one user, whoever runs the server: who logs in here holds the machine.
    static let user = "root"

    package func mayLogIn(user: String, with offered: OfferedKey, proof: LoginProof) -> Bool {
        // One more may arrive while the connection is being closed.
        guard refusals < Self.mostRefusals, !isEnding else { return false }
        guard let key = allowed(user, offered) else { return refuse() }
        guard case .signature(let signature) = proof else {
            attended()
            return true
        }
        if offered.isSecurityKey,
            let reason = key.refusal(
                touched: signature?.wasTouched ?? false, verified: signature?.wasVerified ?? false)
        {
            log.record(
                "\(peer): refused \(offered.fingerprint): \(reason)", .detail,
                Event(.login, .key(fingerprint: offered.fingerprint), .refused))
            return refuse()
        }
        logIn(Login(rights: key.rights, words: "\(offered.fingerprint) \(key.comment)"))
        return true
    }

    private func refuse() -> Bool {
        refusals += 1
        report(.refused)
        return false
    }

    private func logIn(_ login: Login) {
        self.login = login
        report(.loggedIn)
        unbind()
        log.record(
            "\(peer): \(Self.user) logged in with \(login.words)", .notice,
            Event(.login, .address(peer.address), .done, took: Clock.now - started))
        state.loggedInAt = Clock.now
        state.user = Self.user
        state.key = login.words
        state.write()
    }

    // MARK: Passphrases

    package func passphraseWanted(by user: String) -> String? {
        guard letsPassphrasesIn, user == Self.user, refusals < Self.mostRefusals, !isEnding,
            login == nil, !mustStopOffering
        else {
            _ = refuse()
            return nil
        }
        attended()
        return passphraseWords
    }

    package func passphraseTyped(_ bytes: UnsafeRawBufferPointer) -> Bool {
        passphrase = try? PassphraseLogin(bytes)
        if passphrase == nil {
            passphraseWords = "Nothing was typed."
            return refuse()
        }
        return true
    }

    package func passphraseAbandoned() { passphrase = nil }

    /// Lets in whose passphrase has opened something; tells everybody else.
    func attendPassphrase(_ session: ServerSession) {
        guard let verdict = passphrase?.advance() else { return }
        passphrase = nil
        switch verdict {
        case .right: passphraseWords = ""
        case .wrong: passphraseWords = "This passphrase opens nothing that is locked."
        case .busy:
            passphraseWords = "Another passphrase is being tried. Try again."
        case .nothingLocked, .failed:
            // Nothing is left by which a passphrase could prove who types it.
            mustStopOffering = true
            session.offerPassphrase(false)
        }
        guard verdict == .right else {
            if case .failed(let words) = verdict { log.record("\(peer): \(words)", .warning) }
            log.record(
                "\(peer): refused a passphrase: \(verdict.words)", .detail,
                Event(.passphrase, .address(peer.address), .refused))
            _ = refuse()
            _ = session.answerPassphrase(isRight: false)
            return
        }
        guard session.answerPassphrase(isRight: true) else { return }
        logIn(Login(rights: .init(), words: "the passphrase of a disk"))
    }

    /// The line of authorized_keys that lets this key in, or `nil` after recording why none does.
    private func allowed(_ user: String, _ offered: OfferedKey) -> AuthorizedKey? {
        guard user == Self.user else {
            // As short as names are: before a login nobody may fill the log.
            let shown = String(decoding: user.utf8.prefix(32), as: UTF8.self)
            log.record("\(peer): refused user \(shown): only \(Self.user) logs in here")
            return nil
        }
        let keys: AuthorizedKeys
        do throws(FileRefusal) {
            // Read anew each time: a key that was put there a moment ago counts.
            keys = try files.authorizedKeys()
        } catch {
            log.record("\(peer): \(error)")
            return nil
        }
        switch keys.answer(
            to: Base64.decode(offered.base64) ?? [], from: peer.address, at: Clock.wall)
        {
        case .allowed(let key): return key
        case .refused(let reason):
            log.record("\(peer): refused \(offered.fingerprint): \(reason)")
        case .unlisted:
            log.record(
                "\(peer): refused \(offered.fingerprint): it is not in \(files.authorizedKeysPath)")
        }
        return nil
    }

    package func mayOpenChannel() -> Bool {
        login != nil && !isEnding && channelCount < Self.mostChannels
    }

    package func opened(_ channel: Channel) -> Bool {
        do throws(SystemError) {
            add(try ChannelProgram(channel))
        } catch {
            // Without memory for its buffers there is no channel.
            log.record("\(peer): no channel for it: \(error)")
            return false
        }
        state.channels = channelCount
        state.write()
        return true
    }

    package func terminalRequested(_ terminal: TerminalRequest, on channel: Channel) -> Bool {
        guard let login, let program = program(for: channel), program.isIdle else { return false }
        guard login.rights.mayHaveTerminal else {
            log.record("\(peer): may not have a terminal: its key has no-pty, or restrict")
            return false
        }
        program.setTerminal(terminal)
        return true
    }

    package func windowChanged(_ size: WindowSize, on channel: Channel) {
        program(for: channel)?.resize(size)
    }

    package func signalRequested(_ name: String, on channel: Channel) {
        guard let number = Signal.number(sshName: name) else { return }
        program(for: channel)?.signal(number)
    }

    package func executionRequested(_ command: String, on channel: Channel) -> Bool {
        start(command, on: channel)
    }

    package func shellRequested(on channel: Channel) -> Bool { start(nil, on: channel) }

    /// A forced command wins over it, as in OpenSSH; its original command is then what this server would have run.
    package func subsystemRequested(_ name: String, on channel: Channel) -> Bool {
        name == "sftp" && start(Invocation.internalSFTP, on: channel)
    }

    private func start(_ command: String?, on channel: Channel) -> Bool {
        guard let login, let program = program(for: channel), program.isIdle else { return false }
        let invocation = Invocation(
            command: login.rights.command ?? command, isApplet: isApplet)
        var request: ChildProcess.Request
        switch invocation {
        case .davit(let words):
            request = .davit(words)
            state.command = words.first ?? "help"
        case .shell(let line):
            request = ChildProcess.Request("/bin/sh", ["-c", line])
            request.environment = Environment.inherited
            state.command = "/bin/sh"
        }
        request.environment = environment(
            request.environment, terminal: program.terminalType,
            original: login.rights.command == nil ? nil : command)
        do throws(SystemError) {
            try program.start(
                request,
                asksForSecrets: invocation.asksForSecrets(onTerminal: program.hasTerminal))
        } catch {
            log.record("\(peer): \(error)", .warning)
            return false
        }
        log.record(
            "\(peer): started \(state.command ?? "")", .detail,
            Event(.command, .address(peer.address), .begun))
        state.write()
        return true
    }

    /// Ours, and what OpenSSH's server gives too; nothing that the client sends but the terminal's name.
    private func environment(
        _ inherited: [String], terminal: String?, original: String?
    ) -> [String] {
        var environment = inherited.filter { !$0.hasPrefix("TERM=") }
        let defaults = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root", "USER": Self.user, "LOGNAME": Self.user, "SHELL": "/bin/sh",
        ]
        for (name, value) in defaults.sorted(by: { $0.key < $1.key })
        where !environment.contains(where: { $0.hasPrefix(name + "=") }) {
            environment.append("\(name)=\(value)")
        }
        environment.append("SSH_CONNECTION=\(peer.connection)")
        if let terminal { environment.append("TERM=\(terminal.isEmpty ? "dumb" : terminal)") }
        if let original { environment.append("SSH_ORIGINAL_COMMAND=\(original)") }
        return environment
    }
}
