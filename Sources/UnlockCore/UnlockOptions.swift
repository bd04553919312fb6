/// The options of a crypttab entry, as far as opening a LUKS device needs them.
/// Source: cryptsetup debian/functions, crypttab_validate_option; crypttab(5).
package struct UnlockOptions: Equatable, Sendable {
    /// Options that are only there or not.
    package enum Flag: String, Sendable, CaseIterable {
        case discard
        case readonly
        case sameCPUCrypt = "same-cpu-crypt"
        case submitFromCryptCPUs = "submit-from-crypt-cpus"
        case noReadWorkqueue = "no-read-workqueue"
        case noWriteWorkqueue = "no-write-workqueue"
    }

    /// What the device holds; without a word about it, LUKS.
    package enum Format: Equatable, Sendable {
        case luks
        /// BitLocker.
        case bitlk
        /// TrueCrypt or VeraCrypt.
        case tcrypt
        /// A type that is not opened here, in crypttab's word: `plain`, `fvault2`, `swap`, `tmp`.
        case other(String)
    }

    package private(set) var flags: Set<Flag> = []
    /// The path of a detached header.
    package private(set) var header: String?
    /// How much of the key is used, in bytes.
    package private(set) var keyfileSize: Int?
    /// Where in the key the used part begins, in bytes.
    package private(set) var keyfileOffset = 0
    package private(set) var keyslot: Int?
    /// How often Debian asks for a passphrase; 0 is for ever.
    package private(set) var tries = 3
    package private(set) var keyscript: String?
    package private(set) var format = Format.luks
    /// How a TrueCrypt or VeraCrypt volume is to be read.
    package private(set) var tcrypt = TCryptOptions()
    /// `noauto`: opened only by name. Debian's initramfs does not ask for it.
    package private(set) var isNotAutomatic = false
    /// A sentence for each option that is unknown or has no sensible value.
    package private(set) var complaints: [String] = []

    /// Known to crypttab, Debian's or systemd's, and without meaning for who opens an existing device with a passphrase.
    /// Source: cryptsetup debian/functions; systemd src/cryptsetup/cryptsetup.c, parse_one_option.
    private static let irrelevant: Set<String> = [
        "initramfs", "noearly", "loud", "quiet", "verify", "check", "checkargs",
        "cipher", "size", "hash", "offset", "skip", "sector-size", "nofail", "_netdev", "timeout",
        "keyfile-timeout", "keyfile-erase", "try-empty-password", "headless", "password-echo",
        "password-cache", "token-timeout", "link-volume-key", "force", "none", "auto",
    ]
    /// Ways to a key that need no passphrase: the system tries them itself, and asks when they fail.
    private static let irrelevantPrefixes = ["x-", "tpm2-", "fido2-", "pkcs11-"]

    package init() {}

    /// Reads a comma-separated list whose values may hold escapes.
    package init(parsing list: [UInt8]) { add(list) }

    private mutating func take(_ name: String, _ value: String?) {
        if let flag = Flag(rawValue: name == "read-only" ? "readonly" : name) {
            flags.insert(flag)
            return
        }
        switch name {
        case "header":
            guard let path = value, !path.isEmpty else { return complain(name, "a path") }
            header = path
        case "keyscript":
            guard let path = value, !path.isEmpty else { return complain(name, "a path") }
            keyscript = path
        case "keyfile-size":
            guard let size = number(value, 1) else { return complain(name, "a number above 0") }
            keyfileSize = size
        case "keyfile-offset":
            guard let offset = number(value, 0) else { return complain(name, "a number") }
            keyfileOffset = offset
        case "keyslot", "key-slot":
            guard let slot = number(value, 0) else { return complain(name, "a number") }
            keyslot = slot
        case "tries":
            guard let count = number(value, 0) else { return complain(name, "a number") }
            tries = count
        case "noauto": isNotAutomatic = true
        case "luks": format = .luks
        case "bitlk": format = .bitlk
        case "tcrypt": format = .tcrypt
        case "plain", "fvault2", "swap", "tmp": format = .other(name)
        default:
            if tcrypt.take(name, value) {
                // In systemd each of these words says the type, too.
                format = .tcrypt
            } else if !Self.irrelevant.contains(name),
                !Self.irrelevantPrefixes.contains(where: { name.hasPrefix($0) })
            {
                complaints.append("the option '\(name)' is unknown and ignored.")
            }
        }
    }

    private func number(_ text: String?, _ least: Int) -> Int? {
        text.flatMap { Int($0) }.flatMap { $0 >= least && $0 <= Int(Int32.max) ? $0 : nil }
    }

    /// Adds the options of another list; where both say something, the other wins.
    package mutating func add(_ list: [UInt8]) {
        for word in list.split(separator: UInt8(ascii: ",")) {
            let parts = word.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first else { continue }
            take(
                String(decoding: first, as: UTF8.self),
                parts.count > 1 ? CryptTab.unescaped(parts[1]) : nil)
        }
    }

    private mutating func complain(_ name: String, _ expected: String) {
        complaints.append("the option '\(name)' needs \(expected) and is ignored.")
    }
}
