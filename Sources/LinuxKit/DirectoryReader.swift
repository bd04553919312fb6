import CLinux
import Glibc

/// An open directory, read name by name.
package struct DirectoryReader: ~Copyable {
    private let stream: OpaquePointer

    /// - Throws: the kernel's reason.
    package init(_ path: [UInt8]) throws(SystemError) {
        let number = try FileCalls.call("read the directory", path) {
            davit_open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }.get()
        guard let opened = fdopendir(number) else {
            let error = SystemError("read the directory", String(decoding: path, as: UTF8.self))
            _ = close(number)
            throw error
        }
        stream = opened
    }

    deinit { closedir(stream) }

    /// The next name, `.` and `..` among them; `nil` at the end.
    package borrowing func next() throws(SystemError) -> [UInt8]? {
        errno = 0
        guard let entry = readdir(stream) else {
            guard errno == 0 else { throw SystemError("read", "a directory") }
            return nil
        }
        return withUnsafeBytes(of: &entry.pointee.d_name) { field in
            Array(field.prefix { $0 != 0 })
        }
    }

    /// What is known of a name in it, of the link itself where it is one; `nil` when it is gone.
    package borrowing func status(of name: [UInt8]) -> FileCalls.Status? {
        let directory = dirfd(stream)
        var status = stat()
        let result = FileCalls.call("look at", name) {
            fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW)
        }
        guard case .success = result else { return nil }
        return FileCalls.Status(status)
    }

    /// The descriptor's number, valid as long as this value lives.
    package var number: Int32 { dirfd(stream) }
}
