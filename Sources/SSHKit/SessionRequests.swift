/// What a client asks of a session; answered at once, from within `ServerSession.process()`.
///
/// Nothing here may free a channel: libssh still uses it when the answer returns.
package protocol SessionRequests: AnyObject {
    /// A key is offered for `user`; with a proof that libssh has verified `true` logs in, and else it is the question
    /// whether a signature would be worth making.
    func mayLogIn(user: String, with key: OfferedKey, proof: LoginProof) -> Bool
    /// Somebody wants to log in as `user` with a passphrase.
    /// - Returns: what to tell before the prompt; `nil` when a passphrase lets nobody in now.
    func passphraseWanted(by user: String) -> String?
    /// The passphrase was typed; the bytes are wiped after the call. `ServerSession.answerPassphrase` must follow when
    /// it returns `true`.
    func passphraseTyped(_ bytes: UnsafeRawBufferPointer) -> Bool
    /// A passphrase that was asked for, or that is being tried, is no longer wanted: the client does something else.
    func passphraseAbandoned()
    /// Whether one more session channel may be opened.
    func mayOpenChannel() -> Bool
    /// - Returns: `false` when it cannot be served, and so is refused.
    func opened(_ channel: Channel) -> Bool
    func terminalRequested(_ terminal: TerminalRequest, on channel: Channel) -> Bool
    func windowChanged(_ size: WindowSize, on channel: Channel)
    func executionRequested(_ command: String, on channel: Channel) -> Bool
    func shellRequested(on channel: Channel) -> Bool
    /// A subsystem by its name, such as `sftp` (RFC 4254 §6.5).
    func subsystemRequested(_ name: String, on channel: Channel) -> Bool
    /// Whether a connection may be forwarded, asked before there is a channel for it.
    func mayForward(to target: ForwardingTarget) -> Bool
    /// A channel for such a connection; `false` when the connection cannot be made, and then the channel is gone.
    func opened(_ channel: Channel, to target: ForwardingTarget) -> Bool
    /// A signal by its name in RFC 4254 §6.10, without SIG.
    func signalRequested(_ name: String, on channel: Channel)
}

/// What stands behind an offered key.
package enum LoginProof: Sendable, Equatable {
    /// Nothing yet.
    case none
    /// A signature; of a security key with what that says of itself.
    case signature(SecurityKeySignature?)
}

/// A terminal as a client describes it (RFC 4254 §6.2), without its modes: libssh reads those and tells nobody.
package struct TerminalRequest: Sendable, Equatable {
    package let type: String
    package let size: WindowSize

    package func with(_ size: WindowSize) -> TerminalRequest {
        TerminalRequest(type: type, size: size)
    }
}

/// In characters, and in pixels where known.
package struct WindowSize: Sendable, Equatable {
    package let columns, rows, width, height: UInt16

    init(_ columns: CInt, _ rows: CInt, _ width: CInt, _ height: CInt) {
        self.columns = UInt16(clamping: columns)
        self.rows = UInt16(clamping: rows)
        self.width = UInt16(clamping: width)
        self.height = UInt16(clamping: height)
    }
}

/// Where a client wants a connection to (RFC 4254 §7.2), in its own words.
package struct ForwardingTarget: Sendable, Equatable {
    package let host: String
    package let port: UInt16
}
