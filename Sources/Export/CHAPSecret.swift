import ExportCore
import LinuxKit

/// One of the two secrets by which initiators and target prove themselves to each other: one pair for this machine, made
/// at the first export and gone with the last.
///
/// They are kept in `$DAVIT_RUN/export/secret` and `target-secret`, readable for root only, like configfs keeps them; a
/// second run and the newer host's script need them.
package struct CHAPSecret: ~Copyable {
    private let bytes: SecretBytes

    static func path(_ which: Secret) -> String {
        switch which {
        case .initiator: Roots.run + "/export/secret"
        case .target: Roots.run + "/export/target-secret"
        }
    }

    /// Reads it; empty when there is none yet.
    init(_ which: Secret) throws(SystemError) {
        bytes = try ConfigFS.secret(in: Self.path(which), atMost: 255)
    }

    /// Makes it unless it is there: characters out of 32, so 120 bits.
    static func make(_ which: Secret) throws(SystemError) {
        guard !Files.exists(path(which)) else { return }
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        let other = try CHAPSecret(which.other)
        var text: [UInt8]
        repeat {
            text = try Random.bytes(Secret.length).map { alphabet[Int($0 & 31)] }
        } while other.bytes.withBytes { $0.elementsEqual(text) }
        try Files.replace(path(which), with: text, mode: 0o600)
    }

    static func remove(_ which: Secret) throws(SystemError) {
        guard Files.exists(path(which)) else { return }
        try Files.remove(path(which))
        Checkpoint.passed()
    }

    var isEmpty: Bool { bytes.count == 0 }

    /// Whether that attribute holds it; `false` when there is no secret.
    borrowing func isHeld(by attribute: String) -> Bool {
        guard !isEmpty, var held = try? ConfigFS.secret(in: attribute, atMost: 256) else {
            return false
        }
        if held.last == UInt8(ascii: "\n") { held.removeLast() }
        return bytes.withBytes { one in held.withBytes { one.elementsEqual($0) } }
    }

    /// Writes it into an attribute.
    borrowing func write(to attribute: String) throws(SystemError) {
        try ConfigFS.write(bytes, to: attribute)
    }

    /// The secret for the script of the newer host, which has to hold it.
    borrowing func revealed() -> String {
        bytes.withBytes { String(decoding: $0, as: UTF8.self) }
    }
}
