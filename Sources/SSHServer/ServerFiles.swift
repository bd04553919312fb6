import LinuxKit
import SSHCore
import SSHKit

/// The files in the server's configuration directory, read only while nobody else could have written them.
package struct ServerFiles: Sendable {
    package static let hostKeyName = "host_ed25519_key"

    package let directory: String

    package init(directory: String) { self.directory = directory }

    package var hostKeyPath: String { directory + "/" + Self.hostKeyName }
    package var authorizedKeysPath: String { directory + "/authorized_keys" }

    /// This machine's key.
    /// - Throws: `FileRefusal` when it is missing, damaged, or readable by others.
    package func hostKey() throws(FileRefusal) -> HostKey {
        let path = hostKeyPath
        var text = try read(
            Self.hostKeyName, limit: 16 * 1024, isSecret: true,
            missing: "There is no host key \(path). Make one: davit keygen \(directory)")
        defer { text.withUnsafeMutableBytes { Memory.wipe($0) } }
        do throws(SSHError) {
            return try HostKey(file: text)
        } catch {
            throw FileRefusal(
                "\(path) cannot be used: \(error). Move it away and make one: davit keygen \(directory)"
            )
        }
    }

    /// Who may log in.
    /// - Throws: `FileRefusal` when the file is missing or writable by others.
    package func authorizedKeys() throws(FileRefusal) -> AuthorizedKeys {
        let path = authorizedKeysPath
        let text = try read(
            "authorized_keys", limit: 1 << 20, isSecret: false,
            missing:
                "There is no \(path), so nobody can log in. Put the public keys of those who may into it, a line each."
        )
        return AuthorizedKeys(text)
    }

    private func read(
        _ name: String, limit: Int, isSecret: Bool, missing: String
    ) throws(FileRefusal) -> [UInt8] {
        let file = ProtectedFile(name, in: directory, isSecret: isSecret)
        guard let text = try file.read(limit: limit) else { throw FileRefusal(missing) }
        return text
    }
}

package typealias FileRefusal = ProtectedFile.Refusal
