import CLinux
import Glibc

/// Mounts and unmounts file systems (mount(2), umount2(2)).
package enum Mounts {
    /// Mounts `source` at `point`; `options` are the file system's own.
    /// - Throws: the kernel's reason; ENODEV where it does not know `type`.
    package static func mount(
        _ source: String, at point: String, type: String, options: String, readOnly: Bool
    ) throws(SystemError) {
        let status = davit_mount(source, point, type, readOnly, options)
        guard status == 0 else { throw SystemError("mount", source) }
    }

    /// - Throws: EBUSY while somebody uses it.
    package static func unmount(_ point: String) throws(SystemError) {
        guard davit_unmount(point) == 0 else { throw SystemError("unmount", point) }
    }
}
