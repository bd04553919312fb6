import CSSH

/// A public key that a client offers; whether it holds the private one is a separate question.
package struct OfferedKey: Sendable, Equatable {
    /// The key's wire form in base64, as the second word of an authorized_keys line has it.
    package let base64: String
    /// `SHA256:…`.
    package let fingerprint: String
    /// Whether it is in a token that must be touched for a signature.
    package let isSecurityKey: Bool

    init?(_ key: ssh_key) {
        var text: UnsafeMutablePointer<CChar>?
        guard ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text else { return nil }
        defer { ssh_string_free_char(text) }
        base64 = String(cString: text)
        isSecurityKey = [SSH_KEYTYPE_SK_ECDSA, SSH_KEYTYPE_SK_ED25519].contains(ssh_key_type(key))
        fingerprint = PublicKeyText.fingerprint(of: key)
    }
}
