import CLinux
import Glibc

/// Visits everything below a directory in which nothing else is mounted, without following links.
package enum TreeWalk {
    /// What one name stands for.
    package enum Entry: Sendable, Equatable {
        case file(bytes: UInt64)
        case directory
        case other
        /// Its errno.
        case unreadable(Int32)
    }

    /// A damaged file system can have a directory inside itself.
    private static let deepest = 200

    /// Calls `visit` with each path below `root`, without `root` itself, until it returns `false`.
    package static func visit(
        _ root: String, _ visit: (_ path: String, _ entry: Entry) -> Bool
    ) {
        var waiting: [(path: String, depth: Int)] = [("", 0)]
        while let (directory, depth) = waiting.popLast() {
            guard let stream = opendir(root + directory) else {
                guard visit(directory, .unreadable(errno)) else { return }
                continue
            }
            defer { closedir(stream) }
            while true {
                errno = 0
                guard let found = readdir(stream) else {
                    let reason = errno
                    guard reason == 0 || visit(directory, .unreadable(reason)) else { return }
                    break
                }
                let name = withUnsafePointer(to: &found.pointee.d_name) { field in
                    field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                let path = "\(directory)/\(name)"
                let entry = look(at: root + path)
                guard visit(path, entry) else { return }
                guard entry == .directory else { continue }
                if depth < deepest {
                    waiting.append((path, depth + 1))
                } else if !visit(path, .unreadable(ELOOP)) {
                    return
                }
            }
        }
    }

    private static func look(at path: String) -> Entry {
        var status = stat()
        guard lstat(path, &status) == 0 else { return .unreadable(errno) }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file(bytes: UInt64(clamping: status.st_size))
        case S_IFDIR: .directory
        default: .other
        }
    }
}
