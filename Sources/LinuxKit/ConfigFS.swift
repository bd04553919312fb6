import CLinux
import Glibc

/// The calls that configfs is built with: one directory, attribute or link at a time. What the kernel answers is the
/// answer: EEXIST and ENOENT are errors here, for in configfs they mean something.
package enum ConfigFS {
    /// Mounts configfs at `path` (/sys/kernel/config), unless it is mounted there.
    package static func mount(at path: String) throws(SystemError) {
        guard MountTable.type(at: path) != "configfs" else { return }
        guard Glibc.mount("configfs", path, "configfs", 0, nil) == 0 || errno == EBUSY else {
            throw SystemError("mount configfs on", path)
        }
    }

    package static func makeDirectory(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o755) == 0 else { throw SystemError("make the directory", path) }
    }

    package static func removeDirectory(_ path: String) throws(SystemError) {
        guard rmdir(path) == 0 else { throw SystemError("remove the directory", path) }
    }

    package static func link(_ path: String, to target: String) throws(SystemError) {
        guard symlink(target, path) == 0 else { throw SystemError("link", "\(path) to \(target)") }
    }

    package static func removeLink(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 else { throw SystemError("remove the link", path) }
    }

    /// Writes a secret into an attribute.
    package static func write(_ secret: borrowing SecretBytes, to path: String) throws(SystemError)
    {
        let file = try FileDescriptor(opening: path, O_WRONLY)
        try secret.withBytes { (buffer) throws(SystemError) in try file.write(buffer) }
    }

    /// Reads a secret out of a file, as far as there is room for it; empty when it cannot be read.
    package static func secret(in path: String, atMost capacity: Int) throws(SystemError)
        -> SecretBytes
    {
        var held = try SecretBytes(capacity: capacity)
        if let file = try? FileDescriptor(opening: path, O_RDONLY) {
            _ = try held.fill { buffer throws(SystemError) in try file.read(into: buffer) }
        }
        return held
    }

    /// Writes an attribute in one call, which is how the kernel takes it.
    package static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let file = try FileDescriptor(opening: path, O_WRONLY)
        let count = bytes.withUnsafeBytes { buffer in
            retrying { Glibc.write(file.number, buffer.baseAddress, buffer.count) }
        }
        guard count == bytes.count else { throw SystemError("write to", path) }
    }
}
