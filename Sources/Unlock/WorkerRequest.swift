import CryptKit
import LinuxKit
import UnlockCore

/// What one worker process is to do: derive the key of one device from the secret behind descriptor 3.
package struct WorkerRequest: Equatable, Sendable {
    /// The device that holds the data.
    package var device: String
    /// The detached header, if it has one.
    package var header: String?
    /// The mapping's name; `nil` proves the passphrase and opens nothing.
    package var name: String?
    package var keyslot: Int?
    /// The part of the secret that is the key.
    package var keyOffset = 0
    package var keySize: Int?
    package var flags: Set<UnlockOptions.Flag> = []
    package var kind = Kind.luks
    package var tcrypt = TCryptOptions()

    /// What the device holds.
    package enum Kind: String, Sendable, CaseIterable {
        case luks, bitlk, tcrypt

        /// `nil` for what is not opened here.
        init?(_ format: UnlockOptions.Format) {
            switch format {
            case .luks: self = .luks
            case .bitlk: self = .bitlk
            case .tcrypt: self = .tcrypt
            case .other: return nil
            }
        }
    }

    package init(device: String) { self.device = device }

    /// The command line of `davit unlock-worker`.
    package var arguments: [String] {
        var words = ["unlock-worker"]
        func add(_ option: String, _ value: (some CustomStringConvertible)?) {
            if let value { words.append("\(option)=\(value)") }
        }
        add("--name", name)
        add("--header", header)
        add("--keyslot", keyslot)
        add("--key-offset", keyOffset == 0 ? nil : keyOffset)
        add("--key-size", keySize)
        if kind != .luks { add("--type", kind.rawValue) }
        add("--tcrypt-pim", tcrypt.pim)
        for path in tcrypt.keyfiles { add("--tcrypt-keyfile", path) }
        if tcrypt.isHidden { words.append("--tcrypt-hidden") }
        if tcrypt.isSystem { words.append("--tcrypt-system") }
        for flag in UnlockOptions.Flag.allCases where flags.contains(flag) {
            words.append("--\(flag.rawValue)")
        }
        return words + ["--", device]
    }

    /// Whether a header may be mended: not by who only tries a passphrase, nor where nothing is to be written.
    var mayWrite: Bool { name != nil && !flags.contains(.readonly) }

    var tcryptOptions: TCryptVolume.Options {
        var options = TCryptVolume.Options()
        options.isHidden = tcrypt.isHidden
        options.isSystem = tcrypt.isSystem
        options.pim = tcrypt.pim ?? 0
        options.keyfiles = tcrypt.keyfiles
        return options
    }

    var activation: ActivationFlags {
        flags.reduce(into: []) { all, flag in
            switch flag {
            case .discard: all.insert(.discard)
            case .readonly: all.insert(.readOnly)
            case .sameCPUCrypt: all.insert(.sameCPUCrypt)
            case .submitFromCryptCPUs: all.insert(.submitFromCryptCPUs)
            case .noReadWorkqueue: all.insert(.noReadWorkqueue)
            case .noWriteWorkqueue: all.insert(.noWriteWorkqueue)
            }
        }
    }
}
