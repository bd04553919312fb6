import CLinux
import Glibc

/// The first process of the machine, seen through a /proc that was opened early: an initramfs that hands over takes
/// /proc along into the system.
package struct FirstProcess: ~Copyable {
    private let proc: FileDescriptor

    /// - Throws: when /proc is not mounted.
    package init() throws(SystemError) {
        proc = try FileDescriptor(openingDirectory: Roots.proc)
    }

    /// Whether it has left this process' root directory behind, as switch_root does.
    package var hasMovedOn: Bool {
        var its = stat()
        var ours = stat()
        // Where its root cannot be looked at, it is not known to have moved.
        guard fstatat(proc.number, "1/root", &its, 0) == 0, stat("/", &ours) == 0 else {
            return false
        }
        return its.st_dev != ours.st_dev || its.st_ino != ours.st_ino
    }
}
