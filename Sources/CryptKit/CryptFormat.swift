import CCryptsetup

/// What an encrypted device holds, as far as its header can be read without a passphrase.
package enum CryptFormat: String, Sendable, CaseIterable {
    /// LUKS1 or LUKS2.
    case luks
    /// BitLocker: a password or a recovery password opens it.
    case bitlk

    /// libcryptsetup's word; `nil` lets it find out which LUKS it is.
    var type: String? {
        switch self {
        case .luks: nil
        case .bitlk: CRYPT_BITLK
        }
    }

    /// For people.
    var name: String {
        switch self {
        case .luks: "LUKS"
        case .bitlk: "BitLocker"
        }
    }
}
