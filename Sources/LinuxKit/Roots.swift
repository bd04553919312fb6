import Glibc

/// Where davit finds and keeps things; each root can be moved by an environment variable, for tests.
package enum Roots {
    /// DAVIT_RUN: the whole state between processes.
    package static var run: String { directory("DAVIT_RUN", "/run/davit") }
    /// DAVIT_SYSTEM_RUN: the system's own /run, where udev and initramfs-tools keep their state.
    package static var systemRun: String { directory("DAVIT_SYSTEM_RUN", "/run") }
    /// DAVIT_ETC: configuration and keys.
    package static var etc: String { directory("DAVIT_ETC", "/etc/davit") }
    /// DAVIT_SYS.
    package static var sys: String { directory("DAVIT_SYS", "/sys") }
    /// DAVIT_PROC.
    package static var proc: String { directory("DAVIT_PROC", "/proc") }
    /// DAVIT_LIB: where the initramfs's cryptsetup has its FIFO.
    package static var lib: String { directory("DAVIT_LIB", "/lib") }
    /// DAVIT_DEV.
    package static var dev: String { directory("DAVIT_DEV", "/dev") }

    private static func directory(_ variable: String, _ standard: String) -> String {
        guard let value = getenv(variable), value.pointee != 0 else { return standard }
        return String(cString: value)
    }
}
