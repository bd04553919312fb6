import LinuxKit

/// A passphrase or key that comes through a pipe or from a file.
package enum SecretInput {
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case empty
        case passphraseTooLong
        case keyTooLong(String)
        case interrupted
        case system(SystemError)

        package var description: String {
            switch self {
            case .empty: "The passphrase is empty. Pipe it in, or give --key-file FILE."
            case .passphraseTooLong:
                "The passphrase is longer than 512 bytes. A key is given with --key-file."
            case .keyTooLong(let path): "\(path) holds more than 8 MiB, which is no LUKS key."
            case .interrupted: "Interrupted while reading the passphrase."
            case .system(let error): error.description
            }
        }
    }

    /// libcryptsetup's limits. Source: cryptsetup configure.ac, DEFAULT_KEYFILE_SIZE_MAXKB, DEFAULT_PASSPHRASE_SIZE_MAX.
    private static let longestKey = 8 * 1024 * 1024
    private static let longestPassphrase = 512

    /// Standard input up to its end, without one newline at its end, as `echo` sends it.
    package static func passphrase(_ keyboard: Keyboard) throws(Failure) -> SecretBytes {
        var secret = try buffer(longestPassphrase + 2)
        try read(keyboard, into: &secret)
        if secret.last == UInt8(ascii: "\n") { secret.removeLast() }
        guard secret.count > 0 else { throw .empty }
        guard secret.count <= longestPassphrase else { throw .passphraseTooLong }
        return secret
    }

    /// All bytes of a file, or of standard input for `-`, as cryptsetup takes a key file.
    package static func key(
        _ path: String, _ keyboard: Keyboard
    ) throws(Failure) -> SecretBytes {
        var secret = try buffer(longestKey + 1)
        if path == "-" {
            try read(keyboard, into: &secret)
        } else {
            do throws(SystemError) {
                let file = try FileDescriptor(opening: path, 0)
                while let count = try fill(&secret, from: file), count > 0 {}
            } catch {
                throw .system(error)
            }
        }
        guard secret.count > 0 else { throw .empty }
        guard secret.count <= longestKey else { throw .keyTooLong(path) }
        return secret
    }

    private static func buffer(_ capacity: Int) throws(Failure) -> SecretBytes {
        do throws(SystemError) {
            return try SecretBytes(capacity: capacity)
        } catch {
            throw .system(error)
        }
    }

    /// Reads to the end, or to one byte more than is allowed.
    private static func read(
        _ keyboard: Keyboard, into secret: inout SecretBytes
    ) throws(Failure) {
        do throws(SystemError) {
            var hintAt: Duration? = Clock.now + .seconds(3)
            while true {
                let ready = try Poll.wait([.init(keyboard.number, .input)], until: hintAt)
                guard ready[0].isReadable else {
                    if hintAt != nil, secret.count == 0 {
                        Output.error("Waiting for the passphrase on standard input.")
                    }
                    hintAt = nil
                    continue
                }
                guard try takeMore(keyboard, into: &secret) else { return }
            }
        } catch {
            throw .system(error)
        }
    }

    /// - Returns: `false` at the end, or when there is no room for more.
    private static func takeMore(
        _ keyboard: Keyboard, into secret: inout SecretBytes
    ) throws(SystemError) -> Bool {
        guard keyboard.isPrivate else {
            let number = keyboard.number
            let count = try FileDescriptor.lend(number) { file throws(SystemError) in
                try fill(&secret, from: file)
            }
            return count.map { $0 > 0 } ?? true
        }
        while true {
            switch keyboard.next() {
            case .nothing: return true
            case .end: return false
            case .byte(let byte): if !secret.append(byte) { return false }
            }
        }
    }

    private static func fill(
        _ secret: inout SecretBytes, from stream: borrowing FileDescriptor
    ) throws(SystemError) -> Int? {
        guard secret.count < secret.capacity else { return 0 }
        let number = stream.number
        return try secret.fill { room throws(SystemError) in
            try FileDescriptor.lend(number) { file throws(SystemError) in try file.read(into: room)
            }
        }
    }
}
