import LinuxKit
import SSHKit

/// Makes and shows this machine's host key: `davit keygen`.
package enum HostKeyFile {
    package struct Result: Sendable, Equatable {
        /// Whether the key was there before.
        package let wasThere: Bool
        package let path: String
        /// `SHA256:…`.
        package let fingerprint: String
        /// `ssh-ed25519 AAAA…`.
        package let publicLine: String
    }

    /// The key in `directory`.
    /// - Throws: `FileRefusal`.
    package static func show(in directory: String) throws -> Result {
        let files = ServerFiles(directory: directory)
        let key = try files.hostKey()
        return Result(
            wasThere: true, path: files.hostKeyPath, fingerprint: key.fingerprint,
            publicLine: key.publicLine)
    }

    /// The key in `directory`, made when there is none; one that is there is never written to.
    /// - Throws: `FileRefusal`, `SSHError`, `SystemError`.
    package static func make(in directory: String) throws -> Result {
        let path = ServerFiles(directory: directory).hostKeyPath
        if Files.exists(path) { return try show(in: directory) }
        try Files.makeDirectory(directory)
        let key = try HostKey.generated()
        var text = try key.file()
        defer { text.withUnsafeMutableBytes { Memory.wipe($0) } }
        guard try Files.create(path, with: text, mode: 0o600) else {
            return try show(in: directory)
        }
        return Result(
            wasThere: false, path: path, fingerprint: key.fingerprint, publicLine: key.publicLine)
    }
}
