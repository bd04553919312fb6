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

    /// Calls `visit` with each path below `root`, without `root` itself, until it returns `false`. Names are bytes in no
    /// particular encoding.
    package static func visit(
        _ root: String, _ visit: (_ path: [UInt8], _ entry: Entry) -> Bool
    ) {
        let root = Array(root.utf8)
        var waiting: [(path: [UInt8], depth: Int)] = [([], 0)]
        while let (directory, depth) = waiting.popLast() {
            guard let stream = FileCalls.withPath(root + directory, { opendir($0) }) else {
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
                let name = withUnsafeBytes(of: &found.pointee.d_name) { field in
                    Array(field.prefix { $0 != 0 })
                }
                guard name != [46], name != [46, 46] else { continue }
                let path = directory + [UInt8(ascii: "/")] + name
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

    private static func look(at path: [UInt8]) -> Entry {
        do throws(SystemError) {
            let status = try FileCalls.status(of: path, followingLinks: false)
            return status.isRegular
                ? .file(bytes: status.size) : status.isDirectory ? .directory : .other
        } catch {
            return .unreadable(error.code)
        }
    }
}
