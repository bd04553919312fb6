import CLinux
import Glibc

/// Mounts and unmounts file systems (mount(2), umount2(2)).
package enum Mounts {
    /// Mounts `source` at `point`; `options` are the file system's own.
    /// - Parameter namesAtOnce: each change of a directory is written before the call that makes it returns.
    /// - Throws: the kernel's reason; ENODEV where it does not know `type`.
    package static func mount(
        _ source: String, at point: String, type: String, options: String, readOnly: Bool,
        namesAtOnce: Bool = false
    ) throws(SystemError) {
        let status = davit_mount(source, point, type, readOnly, namesAtOnce, options)
        guard status == 0 else { throw SystemError("mount", source) }
    }

    /// Mounts the kernel's own file systems that programs take for granted, each where its directory is on no file
    /// system of its own yet. Source: Documentation/admin-guide/devices.rst, filesystems/{proc,tmpfs}.rst.
    package static func provide(_ one: KernelFileSystem) throws(SystemError) {
        guard !isMountPoint(one.point) else { return }
        try Files.makeDirectory(one.point)
        guard davit_mount_kernel(one.type, one.point, one.hasDevices, one.options) == 0 else {
            // EBUSY: somebody was faster.
            guard errno == EBUSY else { throw SystemError("mount \(one.type) on", one.point) }
            return
        }
    }

    /// One of them.
    package struct KernelFileSystem: Sendable {
        package let type: String
        package let point: String
        fileprivate let options: String
        fileprivate var hasDevices = false

        /// In the order in which they are mounted.
        package static let all = [
            KernelFileSystem(type: "proc", point: "/proc", options: ""),
            KernelFileSystem(type: "sysfs", point: "/sys", options: ""),
            KernelFileSystem(
                type: "devtmpfs", point: "/dev", options: "mode=0755", hasDevices: true),
            KernelFileSystem(
                type: "devpts", point: "/dev/pts", options: "gid=5,mode=0620", hasDevices: true),
            KernelFileSystem(type: "tmpfs", point: "/run", options: "mode=0755"),
        ]
    }

    /// Whether something is mounted on `path`. Needs no /proc.
    package static func isMountPoint(_ path: String) -> Bool {
        var own = stat()
        var above = stat()
        return stat(path, &own) == 0 && stat(path + "/..", &above) == 0
            && own.st_dev != above.st_dev
    }

    /// Writes everything out and lets nothing more be written to the file system at `point`.
    /// - Throws: EBUSY while a file is open for writing.
    package static func makeReadOnly(_ point: String) throws(SystemError) {
        guard davit_remount_read_only(point) == 0 else {
            throw SystemError("make read-only", point)
        }
    }

    /// Writes everything out that file systems have in memory. Waits for ever when a disk does not answer.
    package static func writeOut() { sync() }

    /// - Throws: EBUSY while somebody uses it.
    package static func unmount(_ point: String) throws(SystemError) {
        guard davit_unmount(point) == 0 else { throw SystemError("unmount", point) }
    }
}
