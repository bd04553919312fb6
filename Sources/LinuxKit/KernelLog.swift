import Glibc

/// Lines in the kernel's log, and so on the console of a machine that nobody can reach otherwise.
package enum KernelLog {
    /// Writes `davit: text` at a syslog priority (4 warning, 5 notice, 6 info). Does nothing without /dev/kmsg.
    /// Source: Documentation/ABI/testing/dev-kmsg. Oldest kernel: 3.5.
    package static func write(_ text: String, priority: Int) {
        // One write is one record; the kernel refuses more than 1024 bytes less its prefix.
        let line = "<\(priority)>davit: \(text)"
        guard let log = try? FileDescriptor(opening: Roots.dev + "/kmsg", O_WRONLY) else { return }
        try? log.write(Array(line.utf8.prefix(900)))
    }
}
