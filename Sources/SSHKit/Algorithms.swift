/// What a session agrees to: nothing with SHA-1, CBC, DSA, or a group under 2048 bits.
///
/// In order of preference. Encrypt-then-MAC only, where the cipher does not bring its own authentication.
enum Algorithms {
    /// Post-quantum hybrids first. Curve25519 alone stays for clients before OpenSSH 9.0, whose owners stand before a
    /// dead machine too. No finite-field group: one costs this machine more to answer than a stranger to ask
    /// (CVE-2002-20001).
    static let keyExchange = [
        "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com",
        "curve25519-sha256", "curve25519-sha256@libssh.org",
    ].joined(separator: ",")

    static let hostKey = "ssh-ed25519"

    static let ciphers = [
        "chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com",
        "aes256-ctr", "aes128-ctr",
    ].joined(separator: ",")

    static let authentication = [
        "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com",
    ].joined(separator: ",")

    /// Signatures by which a person may log in.
    static let publicKeys = [
        "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com", "rsa-sha2-512",
        "rsa-sha2-256",
    ].joined(separator: ",")

    /// Bits; smaller RSA keys are refused even when they are listed.
    static let smallestRSA: CInt = 2048
}
