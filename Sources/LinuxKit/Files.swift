import CLinux
import Glibc

/// Whole files and directories, small ones.
package enum Files {
    /// The content of `path`, at most `limit` bytes of it; also of files in /proc and /sys, whose size is not known.
    package static func read(
        _ path: String, limit: Int = 1 << 20
    ) throws(SystemError) -> [UInt8] {
        try FileDescriptor(opening: path, O_RDONLY).readAll(limit: limit)
    }

    /// The content of `path` as text without its last line end, or `nil` when it cannot be read.
    package static func text(_ path: String, limit: Int = 1 << 20) -> String? {
        guard let bytes = try? read(path, limit: limit) else { return nil }
        let trimmed = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        return String(decoding: trimmed, as: UTF8.self)
    }

    /// Replaces `path` in one step: who reads it sees the old content or the new, never a half.
    /// - Parameter durably: the content is on the disk before it takes the place of the old.
    package static func replace(
        _ path: String, with content: [UInt8], mode: mode_t = 0o644, durably: Bool = false
    ) throws(SystemError) {
        let fresh = "\(path).\(getpid()).new"
        do throws(SystemError) {
            let file = try FileDescriptor(opening: fresh, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
            try file.write(content)
            if durably { try file.flush() }
        } catch {
            unlink(fresh)
            throw SystemError("write", path, code: error.code)
        }
        guard rename(fresh, path) == 0 else {
            let error = SystemError("replace", path)
            unlink(fresh)
            throw error
        }
    }

    package static func replace(
        _ path: String, with text: String, mode: mode_t = 0o644
    ) throws(SystemError) {
        try replace(path, with: Array(text.utf8), mode: mode)
    }

    /// Makes `path` with `content` on the disk, whole or not at all; `false`, with nothing changed, when it is there already.
    package static func create(
        _ path: String, with content: [UInt8], mode: mode_t
    ) throws(SystemError) -> Bool {
        let fresh = "\(path).\(getpid()).new"
        defer { unlink(fresh) }
        do throws(SystemError) {
            unlink(fresh)
            let file = try FileDescriptor(opening: fresh, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
            try file.write(content)
            guard fsync(file.number) == 0 else { throw SystemError("write", path) }
        } catch {
            throw SystemError("write", path, code: error.code)
        }
        // link(2) fails where rename(2) would replace.
        if link(fresh, path) == 0 { return true }
        guard errno == EEXIST else { throw SystemError("make", path) }
        return false
    }

    /// Makes `path` and the directories above it; those that are there stay as they are.
    package static func makeDirectory(
        _ path: String, mode: mode_t = 0o755
    ) throws(SystemError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        let error = SystemError("make the directory", path)
        guard error.code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex
        else { throw error }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw SystemError("make the directory", path)
        }
    }

    /// What a directory holds.
    package struct Entry: Sendable, Equatable {
        package enum Kind: Sendable { case directory, link, other }
        package let name: String
        package let kind: Kind
    }

    /// The entries of a directory, sorted by name, without `.` and `..`; empty when it cannot be read.
    package static func entries(in directory: String) -> [Entry] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            let kind: Entry.Kind =
                switch Int(entry.pointee.d_type) {
                case Int(DT_DIR): .directory
                case Int(DT_LNK): .link
                default: .other
                }
            entries.append(Entry(name: name, kind: kind))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// The names in a directory, sorted, without `.` and `..`; empty when it cannot be read.
    package static func names(in directory: String) -> [String] {
        entries(in: directory).map(\.name)
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether `path` may be executed; never on a file system that is mounted noexec.
    package static func canRun(_ path: String) -> Bool { access(path, X_OK) == 0 }

    /// Whether two paths lead to the same file; device nodes are the same when they are the same device.
    package static func isSame(_ path: String, _ other: String) -> Bool {
        var first = stat()
        var second = stat()
        guard stat(path, &first) == 0, stat(other, &second) == 0 else { return false }
        let isDevice = first.st_mode & S_IFMT == S_IFBLK && second.st_mode & S_IFMT == S_IFBLK
        if isDevice { return first.st_rdev == second.st_rdev }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Removes a file; that there is none is no error.
    package static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("remove", path) }
    }

    /// Where a symbolic link points, or `nil`.
    package static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink(path, &buffer, Int(PATH_MAX))
        guard count >= 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Makes one directory; `false` when something of that name is there.
    package static func makeNewDirectory(
        _ path: String, mode: mode_t
    ) throws(SystemError) -> Bool {
        if mkdir(path, mode) == 0 { return true }
        guard errno == EEXIST else { throw SystemError("make the directory", path) }
        return false
    }

    /// Bytes that this process can still write in the file system of `path`, or `nil`.
    package static func room(at path: String) -> UInt64? {
        (try? FileSystemUse(of: Array(path.utf8)))?.room
    }

    /// Whether the file system of `path` has a size, and nothing of it is left for this process.
    package static func isFull(_ path: String) -> Bool {
        var status = statvfs()
        return statvfs(path, &status) == 0 && status.f_blocks > 0 && status.f_bavail == 0
    }

    /// Removes an empty directory.
    package static func removeDirectory(_ path: String) throws(SystemError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("remove", path) }
    }

    /// The absolute path without links, or `nil` when there is nothing there.
    package static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
