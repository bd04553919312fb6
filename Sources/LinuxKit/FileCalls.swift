import CLinux
import Glibc

/// System calls on files by paths that are bytes in no particular encoding, as file transfers need them.
///
/// Each throws the kernel's reason. A path must have no NUL; what comes after one would not count.
package enum FileCalls {
    /// What stat(2) says of a file.
    package struct Status: Sendable, Equatable {
        /// `st_mode`: type and permissions.
        package let mode: UInt32
        package let owner, group: UInt32
        package let size: UInt64
        package let links: UInt64
        /// Seconds since 1970.
        package let accessed, modified: Int64

        init(_ status: stat) {
            mode = UInt32(status.st_mode)
            owner = status.st_uid
            group = status.st_gid
            size = UInt64(max(0, status.st_size))
            links = UInt64(status.st_nlink)
            accessed = Int64(status.st_atim.tv_sec)
            modified = Int64(status.st_mtim.tv_sec)
        }

        package var isDirectory: Bool { mode_t(mode) & S_IFMT == S_IFDIR }
        package var isRegular: Bool { mode_t(mode) & S_IFMT == S_IFREG }
        package var permissions: UInt32 { mode & 0o7777 }
    }

    /// How to open a file; reading is what is left when `isWriting` alone is set.
    package struct OpenMode: Sendable, Equatable {
        package var isReading = false
        package var isWriting = false
        package var isAppending = false
        package var isCreating = false
        package var isTruncating = false
        package var isExclusive = false
        /// Fails with ELOOP when the last part of the path is a symbolic link.
        package var refusesLink = false
        package init() {}
    }

    /// Opens a file; never waits, not even for the other end of a FIFO.
    package static func open(
        _ path: [UInt8], _ mode: OpenMode, permissions: UInt32
    ) throws(SystemError) -> FileDescriptor {
        var flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        if mode.isWriting { flags |= mode.isReading ? O_RDWR : O_WRONLY }
        if mode.isAppending { flags |= O_APPEND }
        if mode.isCreating { flags |= O_CREAT }
        if mode.isTruncating { flags |= O_TRUNC }
        if mode.isExclusive { flags |= O_EXCL }
        if mode.refusesLink { flags |= O_NOFOLLOW }
        let opened = call("open", path) { davit_open($0, flags, mode_t(permissions & 0o7777)) }
        return FileDescriptor(adopting: try opened.get())
    }

    package static func status(
        of path: [UInt8], followingLinks: Bool
    ) throws(SystemError) -> Status {
        var status = stat()
        _ = try call("look at", path) {
            fstatat(AT_FDCWD, $0, &status, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
        }.get()
        return Status(status)
    }

    package static func truncate(_ path: [UInt8], to size: UInt64) throws(SystemError) {
        _ = try call("set the size of", path) { Glibc.truncate($0, off_t(clamping: size)) }.get()
    }

    package static func setPermissions(
        _ path: [UInt8], _ permissions: UInt32, followingLinks: Bool
    ) throws(SystemError) {
        // Without following, fchmodat(2) fails for what is a link, which has no permissions, and works for the rest.
        _ = try call("change the permissions of", path) {
            fchmodat(
                AT_FDCWD, $0, mode_t(permissions & 0o7777),
                followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
        }.get()
    }

    package static func setOwner(
        _ path: [UInt8], user: UInt32, group: UInt32, followingLinks: Bool
    ) throws(SystemError) {
        _ = try call("change the owner of", path) {
            fchownat(AT_FDCWD, $0, user, group, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
        }.get()
    }

    /// - Parameters:
    ///   - accessed: seconds since 1970, as `modified`.
    package static func setTimes(
        _ path: [UInt8], accessed: Int64, modified: Int64, followingLinks: Bool
    ) throws(SystemError) {
        _ = try call("change the times of", path) { path in
            withTimes(accessed, modified) {
                utimensat(AT_FDCWD, path, $0, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
            }
        }.get()
    }

    package static func remove(_ path: [UInt8]) throws(SystemError) {
        _ = try call("remove", path) { unlink($0) }.get()
    }

    package static func makeDirectory(
        _ path: [UInt8], permissions: UInt32
    ) throws(SystemError) {
        _ = try call("make the directory", path) { mkdir($0, mode_t(permissions & 0o7777)) }.get()
    }

    package static func removeDirectory(_ path: [UInt8]) throws(SystemError) {
        _ = try call("remove the directory", path) { rmdir($0) }.get()
    }

    package static func rename(_ path: [UInt8], to new: [UInt8]) throws(SystemError) {
        _ = try call("rename", path, new) { Glibc.rename($0, $1) }.get()
    }

    /// Fails with EEXIST where `new` is there already; where the file system cannot do that in one step
    /// (RENAME_NOREPLACE), after a look.
    package static func renameWithoutReplacing(
        _ path: [UInt8], to new: [UInt8]
    ) throws(SystemError) {
        let status = call("rename", path, new) { davit_rename_without_replacing($0, $1) }
        guard case .failure(let error) = status else { return }
        guard error.code == EINVAL || error.code == ENOSYS else { throw error }
        if (try? self.status(of: new, followingLinks: false)) != nil {
            throw SystemError("rename", error.object, code: EEXIST)
        }
        try rename(path, to: new)
    }

    package static func makeLink(
        _ path: [UInt8], target: [UInt8]
    ) throws(SystemError) {
        _ = try call("make the link", path, target) { symlink($1, $0) }.get()
    }

    package static func makeHardLink(
        _ path: [UInt8], of old: [UInt8]
    ) throws(SystemError) {
        _ = try call("make the link", path, old) { link($1, $0) }.get()
    }

    package static func linkTarget(_ path: [UInt8]) throws(SystemError) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = try call("read the link", path) { path in
            target.withUnsafeMutableBytes { room in
                room.assumingMemoryBound(to: CChar.self).baseAddress.map {
                    readlink(path, $0, room.count)
                } ?? -1
            }
        }.get()
        return Array(target.prefix(count))
    }

    /// The absolute path without links; everything on the way must be there.
    package static func resolve(_ path: [UInt8]) throws(SystemError) -> [UInt8] {
        var resolved: [UInt8] = []
        _ = try call("resolve", path) { path -> Int32 in
            guard let found = realpath(path, nil) else { return -1 }
            defer { free(found) }
            resolved = UnsafeBufferPointer(start: found, count: strlen(found))
                .map { UInt8(bitPattern: $0) }
            return 0
        }.get()
        return resolved
    }

    package static func changeDirectory(_ path: [UInt8]) throws(SystemError) {
        _ = try call("change to the directory", path) { chdir($0) }.get()
    }

    /// What new files are made without: permission bits.
    package static func setCreationMask(_ mask: UInt32) { _ = umask(mode_t(mask & 0o777)) }

    fileprivate static func withTimes(
        _ accessed: Int64, _ modified: Int64, _ body: (UnsafePointer<timespec>) -> Int32
    ) -> Int32 {
        let times = [
            timespec(tv_sec: Int(accessed), tv_nsec: 0),
            timespec(tv_sec: Int(modified), tv_nsec: 0),
        ]
        return times.withUnsafeBufferPointer { $0.baseAddress.map(body) ?? -1 }
    }

    /// Makes a call that gives -1 with errno where it fails.
    static func call<Value: SignedInteger>(
        _ words: String, _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Value
    ) -> Result<Value, SystemError> {
        let value = withPath(path) { path in retrying { body(path) } }
        guard value == -1 else { return .success(value) }
        return .failure(SystemError(words, String(decoding: path, as: UTF8.self)))
    }

    private static func call(
        _ words: String, _ path: [UInt8], _ other: [UInt8],
        _ body: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
    ) -> Result<Int32, SystemError> {
        call(words, path) { path in withPath(other) { body(path, $0) } }
    }

    static func withPath<Value>(
        _ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Value
    ) -> Value {
        let terminated = path.map { CChar(bitPattern: $0) } + [0]
        return terminated.withUnsafeBufferPointer { buffer in
            // The array holds at least the closing zero, so it has an address.
            guard let base = buffer.baseAddress else { return "".withCString(body) }
            return body(base)
        }
    }
}

extension FileDescriptor {
    package borrowing func status() throws(SystemError) -> FileCalls.Status {
        var status = stat()
        try check(fstat(number, &status), "look at")
        return FileCalls.Status(status)
    }

    package borrowing func truncate(to size: UInt64) throws(SystemError) {
        try check(ftruncate(number, off_t(clamping: size)), "set the size of")
    }

    package borrowing func setPermissions(_ permissions: UInt32) throws(SystemError) {
        try check(fchmod(number, mode_t(permissions & 0o7777)), "change the permissions of")
    }

    package borrowing func setOwner(user: UInt32, group: UInt32) throws(SystemError) {
        try check(fchown(number, user, group), "change the owner of")
    }

    package borrowing func setTimes(accessed: Int64, modified: Int64) throws(SystemError) {
        let number = number
        try check(
            FileCalls.withTimes(accessed, modified) { futimens(number, $0) },
            "change the times of")
    }

    /// Returns when the disk has what was written.
    package borrowing func sync() throws(SystemError) { try check(fsync(number), "sync") }

    /// Reads once into a part of `bytes`, from `offset` of the file on, or from where it stands; 0 at the end, `nil`
    /// where it would have to wait.
    package borrowing func read(
        into bytes: inout [UInt8], _ part: Range<Int>, at offset: UInt64? = nil
    ) throws(SystemError) -> Int? {
        let number = number
        // What lies beyond the largest offset is beyond every file's end.
        guard part.upperBound <= bytes.count, let start = off_t(exactly: offset ?? 0) else {
            return 0
        }
        let count = bytes.withUnsafeMutableBytes { all in
            let room = UnsafeMutableRawBufferPointer(rebasing: all[part])
            return retrying {
                offset == nil
                    ? Glibc.read(number, room.baseAddress, room.count)
                    : pread(number, room.baseAddress, room.count, start)
            }
        }
        if count >= 0 { return count }
        if errno == EAGAIN { return nil }
        throw SystemError("read from", "descriptor \(number)")
    }

    /// Writes all of `bytes` from `offset` on; at the end where the file was opened for appending.
    package borrowing func write(
        _ bytes: ArraySlice<UInt8>, at offset: UInt64
    ) throws(SystemError) {
        let number = number
        var done = 0
        while done < bytes.count {
            let (place, isTooFar) = offset.addingReportingOverflow(UInt64(done))
            guard !isTooFar, let start = off_t(exactly: place) else {
                throw SystemError("write to", "descriptor \(number)", code: EFBIG)
            }
            let count = bytes.withUnsafeBytes { all in
                let rest = UnsafeRawBufferPointer(rebasing: all[done...])
                return retrying { pwrite(number, rest.baseAddress, rest.count, start) }
            }
            guard count > 0 else { throw SystemError("write to", "descriptor \(number)") }
            done += count
        }
    }

    /// Writes all of `bytes`, waiting as long as it takes.
    package borrowing func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
        let number = number
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                let rest = UnsafeRawBufferPointer(rebasing: all[done...])
                return retrying { Glibc.write(number, rest.baseAddress, rest.count) }
            }
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                _ = try Poll.wait([.init(number, .output)], until: nil)
            } else {
                throw SystemError("write to", "descriptor \(number)")
            }
        }
    }

    private borrowing func check(_ status: Int32, _ words: String) throws(SystemError) {
        if status != 0 { throw SystemError(words, "descriptor \(number)") }
    }
}
