/// How a TrueCrypt or VeraCrypt volume is to be read: nothing on the disk tells one from the other.
/// Source: crypttab(5); cryptsetup lib/libcryptsetup.h, crypt_params_tcrypt.
package struct TCryptOptions: Equatable, Sendable {
    /// The hidden volume.
    package var isHidden = false
    /// A system volume, whose header lies in the boot loader's track.
    package var isSystem = false
    /// VeraCrypt's Personal Iterations Multiplier.
    package var pim: Int?
    /// Paths of the key files, which count beside the passphrase.
    package var keyfiles: [String] = []

    package init() {}

    /// Takes one option of a crypttab entry; `false` when it is none of these.
    mutating func take(_ name: String, _ value: String?) -> Bool {
        switch name {
        case "tcrypt-hidden", "tcrypthidden": isHidden = true
        case "tcrypt-system": isSystem = true
        // VeraCrypt's derivations are always tried as well, as cryptsetup has done since 2.3.
        case "tcrypt-veracrypt", "veracrypt": break
        case "tcrypt-keyfile":
            if let value, !value.isEmpty { keyfiles.append(value) }
        case "veracrypt-pim", "tcrypt-pim":
            pim = value.flatMap { Int($0) }.flatMap { (1...2_147_468).contains($0) ? $0 : nil }
        default: return false
        }
        return true
    }
}
