import LinuxKit
import SFTPCore

/// Paths as SFTP's clients mean them.
enum Paths {
    private static let slash = UInt8(ascii: "/")

    /// The absolute path without links. The last part need not be there: a client asks before it makes a file.
    static func resolve(_ path: PathBytes) throws(SystemError) -> PathBytes {
        do throws(SystemError) {
            return try FileCalls.resolve(path)
        } catch {
            guard error.isNotFound, let (directory, name) = split(path) else { throw error }
            let parent = try FileCalls.resolve(directory)
            return parent + (parent.last == slash ? [] : [slash]) + name
        }
    }

    /// What a `~` or `~root` in front stands for, put in its place; `nil` for other users.
    static func expand(_ path: PathBytes) -> PathBytes? {
        guard path.first == UInt8(ascii: "~") else { return path }
        let user = path.dropFirst().prefix { $0 != slash }
        guard let home = home(of: Array(user)) else { return nil }
        return home + path.dropFirst(1 + user.count)
    }

    /// There is one user; no name stands for it too.
    static func home(of user: [UInt8]) -> PathBytes? {
        guard user.isEmpty || user == Array("root".utf8) else { return nil }
        return Array((Environment["HOME"] ?? "/root").utf8)
    }

    private static func split(_ path: PathBytes) -> (directory: PathBytes, name: ArraySlice<UInt8>)?
    {
        let trimmed = path.prefix(path.count - path.reversed().prefix { $0 == slash }.count)
        let name = trimmed.suffix(trimmed.reversed().prefix { $0 != slash }.count)
        let dot = UInt8(ascii: ".")
        guard !name.isEmpty, name != [dot], name != [dot, dot] else { return nil }
        let directory = Array(trimmed.dropLast(name.count))
        return (directory.isEmpty ? [dot] : directory, name)
    }
}
