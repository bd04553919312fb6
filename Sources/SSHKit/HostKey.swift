import CSSH

/// An ed25519 private key with which this machine proves who it is.
package struct HostKey: ~Copyable {
    private let key: ssh_key

    private init(adopting key: ssh_key) { self.key = key }

    deinit { ssh_key_free(key) }

    /// Makes a new key from the kernel's random generator, waiting until that is ready.
    /// - Throws: `.key`.
    package static func generated() throws(SSHError) -> HostKey {
        var made: ssh_key?
        guard ssh_pki_generate_key(SSH_KEYTYPE_ED25519, nil, &made) == SSH_OK, let made else {
            throw .key("libssh cannot make an ed25519 key.")
        }
        return HostKey(adopting: made)
    }

    /// Reads a key in OpenSSH's file format, without a passphrase.
    /// - Throws: `.key` when the text is no such key or no ed25519 key.
    package init(file text: [UInt8]) throws(SSHError) {
        var made: ssh_key?
        let status = (text + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // Without an authentication callback an encrypted key fails instead of asking a terminal.
                ssh_pki_import_privkey_base64(characters.baseAddress, nil, nil, nil, &made)
            }
        }
        guard status == SSH_OK, let made else {
            throw .key("it is no private key in OpenSSH's format without a passphrase")
        }
        guard ssh_key_type(made) == SSH_KEYTYPE_ED25519 else {
            ssh_key_free(made)
            throw .key("it is no ed25519 key")
        }
        key = made
    }

    /// The key in OpenSSH's file format; a secret, wiped by who gets it.
    package borrowing func file() throws(SSHError) -> [UInt8] {
        var text: UnsafeMutablePointer<CChar>?
        guard
            ssh_pki_export_privkey_base64_format(
                key, nil, nil, nil, &text, SSH_FILE_FORMAT_OPENSSH) == SSH_OK, let text
        else { throw .key("libssh cannot write the key out.") }
        defer { ssh_string_free_char(text) }
        return String(cString: text).utf8.map { $0 }
    }

    /// `ssh-ed25519 AAAA…`, as known_hosts has it after the host's name.
    package var publicLine: String {
        var text: UnsafeMutablePointer<CChar>?
        guard ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text else { return "" }
        defer { ssh_string_free_char(text) }
        return "ssh-ed25519 \(String(cString: text))"
    }

    /// `SHA256:…`, as OpenSSH's client shows it.
    package var fingerprint: String { PublicKeyText.fingerprint(of: key) }

    /// A copy for libssh, which frees it with the bind that it goes to.
    borrowing func copyForBind() -> ssh_key? { ssh_key_dup(key) }
}

/// A public key of libssh in the words of people and files.
enum PublicKeyText {
    static func fingerprint(of key: ssh_key) -> String {
        var hash: UnsafeMutablePointer<UInt8>?
        var length = 0
        guard ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == SSH_OK,
            let hash
        else { return "unknown" }
        var freed: UnsafeMutablePointer<UInt8>? = hash
        defer { ssh_clean_pubkey_hash(&freed) }
        guard let text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length) else {
            return "unknown"
        }
        defer { ssh_string_free_char(text) }
        return String(cString: text)
    }
}
