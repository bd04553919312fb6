/// Why a LUKS device cannot be read or opened: what failed, on which object, what to do next.
package enum LUKSError: Error, Equatable, CustomStringConvertible {
    /// The device or file cannot be opened at all; with the kernel's reason.
    case cannotOpen(path: String, reason: String)
    /// There is no LUKS header that libcryptsetup accepts; with libcryptsetup's words, which may be none.
    case noHeader(path: String, words: String)
    /// No keyslot opens with this passphrase.
    case wrongPassphrase(path: String)
    /// The mapping's name is taken.
    case nameInUse(name: String)
    /// Anything else; with libcryptsetup's words or the kernel's reason.
    case failed(path: String, words: String)

    package var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            return "\(path) cannot be opened: \(reason)."
        case .noHeader(let path, let words):
            let advice = "Give the partition that holds it, or add header=FILE to its entry."
            return words.isEmpty
                ? "\(path) holds no LUKS header. \(advice)"
                : "\(path) holds no usable LUKS header: \(words) \(advice)"
        case .wrongPassphrase(let path):
            return "No key slot of \(path) opens with this passphrase."
        case .nameInUse(let name):
            return "A device-mapper device named \(name) is there already."
        case .failed(let path, let words):
            return "\(path) could not be opened: \(words)"
        }
    }
}
