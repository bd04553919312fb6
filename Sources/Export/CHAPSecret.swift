import LinuxKit

/// The secret that initiators log in with: one for this machine, made at the first export and gone with the last.
///
/// It is kept in `$DAVIT_RUN/export/secret`, readable for root only, like configfs keeps it; a second run and the
/// newer host's script need it.
package struct CHAPSecret: ~Copyable {
    private let bytes: SecretBytes

    static var path: String { Roots.run + "/export/secret" }

    /// Reads it; empty when there is none yet.
    init() throws(SystemError) {
        bytes = try ConfigFS.secret(in: Self.path, atMost: 255)
    }

    /// Makes it unless it is there: 24 characters out of 32, which are 120 bits.
    static func make() throws(SystemError) {
        guard !Files.exists(path) else { return }
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        let random = try Random.bytes(24)
        try Files.replace(path, with: random.map { alphabet[Int($0 & 31)] }, mode: 0o600)
    }

    static func remove() throws(SystemError) {
        guard Files.exists(path) else { return }
        try Files.remove(path)
        Checkpoint.passed()
    }

    /// Whether that attribute holds it; `false` when there is no secret.
    borrowing func isHeld(by attribute: String) -> Bool {
        guard bytes.count > 0, var held = try? ConfigFS.secret(in: attribute, atMost: 256) else {
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
