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
        for flag in UnlockOptions.Flag.allCases where flags.contains(flag) {
            words.append("--\(flag.rawValue)")
        }
        return words + ["--", device]
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
