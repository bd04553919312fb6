/// One active keyslot: what deriving its key costs.
package struct Keyslot: Equatable, Sendable {
    package let index: Int
    /// The derivation's name in libcryptsetup's words: `pbkdf2`, `argon2i`, `argon2id`.
    package let derivation: String
    /// Memory that the derivation takes, in KiB; 0 for PBKDF2.
    package let memoryKiB: Int
    package let iterations: Int
    /// Threads that it uses; 0 for PBKDF2.
    package let threads: Int
}
