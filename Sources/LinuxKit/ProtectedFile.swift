/// Reads the files of a configuration directory, and only those that nobody else could have written.
package struct ProtectedFile: Sendable {
    /// A file that is not used: what is wrong with it, and the command that repairs it.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    private let directory: String
    private let path: String
    /// Whether others must not even read it.
    private let isSecret: Bool

    package init(_ name: String, in directory: String, isSecret: Bool = false) {
        self.directory = directory
        path = directory + "/" + name
        self.isSecret = isSecret
    }

    /// - Parameter limit: in bytes; a longer file is refused.
    /// - Returns: `nil` when there is no such file.
    /// - Throws: when it, or its directory, belongs to somebody else or may be written by others; when it cannot be read.
    package func read(limit: Int) throws(Refusal) -> [UInt8]? {
        let text: [UInt8]
        let directoryStatus, status: FileStatus
        do throws(SystemError) {
            directoryStatus = try FileStatus(of: directory)
            // Looked at and read through one descriptor: nobody can swap the file in between.
            let file = try FileDescriptor(readingWithoutWaiting: path)
            status = try FileStatus(of: file, named: path)
            text = try file.readAll(limit: limit + 1)
        } catch {
            guard error.isNotFound else { throw Refusal("\(error)") }
            return nil
        }
        try refuse(directory, directoryStatus, isSecret: false, repair: "chmod 755")
        try refuse(path, status, isSecret: isSecret, repair: "chmod 600")
        guard text.count <= limit else {
            throw Refusal("\(path) is longer than \(limit) bytes. Shorten it.")
        }
        return text
    }

    private func refuse(
        _ path: String, _ status: FileStatus, isSecret: Bool, repair: String
    ) throws(Refusal) {
        guard status.isOwnedByUs else {
            throw Refusal("\(path) belongs to user \(status.owner): chown root \(path)")
        }
        let others: UInt32 = isSecret ? 0o077 : 0o022
        guard status.mode & others == 0 else {
            let may = isSecret && status.mode & 0o022 == 0 ? "readable" : "writable"
            throw Refusal("\(path) is \(may) by others (mode \(status.octal)): \(repair) \(path)")
        }
    }
}
