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
        var text = try read(path, limit: 16 * 1024, secret: true) {
            "There is no host key \(path). Make one: davit keygen \(directory)"
        }
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
        let text = try read(path, limit: 1 << 20, secret: false) {
            "There is no \(path), so nobody can log in. Put the public keys of those who may into it, a line each."
        }
        return AuthorizedKeys(text)
    }

    private func read(
        _ path: String, limit: Int, secret: Bool, missing: () -> String
    ) throws(FileRefusal) -> [UInt8] {
        let text: [UInt8]
        let directoryStatus, status: FileStatus
        do throws(SystemError) {
            directoryStatus = try FileStatus(of: directory)
            // Looked at and read through one descriptor: nobody can swap the file in between.
            let file = try FileDescriptor(readingWithoutWaiting: path)
            status = try FileStatus(of: file, named: path)
            text = try file.readAll(limit: limit + 1)
        } catch {
            throw FileRefusal(error.isNotFound ? missing() : "\(error)")
        }
        try refuse(directory, directoryStatus, secret: false, repair: "chmod 755")
        try refuse(path, status, secret: secret, repair: "chmod 600")
        guard text.count <= limit else {
            throw FileRefusal("\(path) is longer than \(limit) bytes. Shorten it.")
        }
        return text
    }

    private func refuse(
        _ path: String, _ status: FileStatus, secret: Bool, repair: String
    ) throws(FileRefusal) {
        guard status.isOwnedByUs else {
            throw FileRefusal("\(path) belongs to user \(status.owner): chown root \(path)")
        }
        let others = secret ? 0o077 : 0o022
        guard status.mode & UInt32(others) == 0 else {
            let may = secret && status.mode & 0o022 == 0 ? "readable" : "writable"
            throw FileRefusal(
                "\(path) is \(may) by others (mode \(status.octal)): \(repair) \(path)")
        }
    }
}

/// A file that the server will not use: what is wrong with it, and the command that repairs it.
package struct FileRefusal: Error, Equatable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
