import CLinux
import Glibc

/// Resets the machine. In a process namespace of its own only that namespace ends.
package enum MachineReset {
    /// As reboot(8) does: the drivers of the kernel are told, then the machine is reset. Returns only when refused.
    package static func orderly() throws(SystemError) {
        guard reboot(Int32(RB_AUTOBOOT)) == 0 else { throw SystemError("reset", "this machine") }
    }

    /// At once and without asking a driver, which may be what hangs (sysrq b). Returns only when refused.
    /// Source: Documentation/admin-guide/sysrq.rst.
    package static func immediate() throws(SystemError) {
        let trigger = Roots.proc + "/sysrq-trigger"
        try FileDescriptor(opening: trigger, O_WRONLY).write("b")
    }
}
