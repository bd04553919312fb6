/// Why an encrypted device cannot be read or opened: what failed, on which object, what to do next.
package enum CryptError: Error, Equatable, CustomStringConvertible {
    /// The device or file cannot be opened at all; with the kernel's reason.
    case cannotOpen(path: String, reason: String)
    /// It is there by name and gives no answer now, as a disk does that is on its way or was just pulled; with the kernel's reason.
    case away(path: String, reason: String)
    /// There is no header of that kind that libcryptsetup accepts; with libcryptsetup's words, which may be none.
    case noHeader(path: String, kind: String, words: String)
    /// There is a header of that kind, and it cannot be used; with libcryptsetup's words, which may be none.
    case damaged(path: String, kind: String, words: String)
    /// It is a file, and shorter than a header.
    case tooShort(path: String, bytes: Int)
    /// It is neither a block device nor a file.
    case noDisk(path: String)
    /// The keyslot that was to be used, or every one, holds nothing.
    case emptyKeyslot(path: String, Int?)
    /// No keyslot, or no header, opens with this passphrase.
    case wrongPassphrase(path: String)
    /// The mapping's name is taken.
    case nameInUse(name: String)
    /// Anything else; with libcryptsetup's words or the kernel's reason.
    case failed(path: String, words: String)

    package var description: String {
        switch self {
        case .cannotOpen(let path, let reason), .away(let path, let reason):
            return "\(path) cannot be opened: \(reason)."
        case .noHeader(let path, let kind, let words):
            let advice =
                kind == CryptFormat.luks.name
                ? "Give the partition that holds it, or add header=FILE to its entry."
                : "Give the partition that holds it, or its type."
            return words.isEmpty
                ? "\(path) holds no \(kind) header. \(advice)"
                : "\(path) holds no usable \(kind) header: \(words) \(advice)"
        case .damaged(let path, let kind, let words):
            let reason = words.isEmpty ? "It is damaged." : words
            return
                "\(path) has a \(kind) header that cannot be used: \(reason) A backup is put back by 'cryptsetup luksHeaderRestore', or used as it is with header=FILE."
        case .tooShort(let path, let bytes):
            return
                "\(path) is a file of \(bytes) bytes, too short for a header. Is it copied whole?"
        case .noDisk(let path):
            return "\(path) is neither a block device nor an image file."
        case .emptyKeyslot(let path, .some(let keyslot)):
            return "Key slot \(keyslot) of \(path), which keyslot= names, holds no key."
        case .emptyKeyslot(let path, .none):
            return
                "No key slot of \(path) holds a key: nothing opens it but a backup of its header."
        case .wrongPassphrase(let path):
            return "No key slot of \(path) opens with this passphrase."
        case .nameInUse(let name):
            return "A device-mapper device named \(name) is there already."
        case .failed(let path, let words):
            return "\(path) could not be opened: \(words)"
        }
    }
}
