import CLinux
import Glibc

/// What machine this is.
package enum Host {
    /// The machine's name. The kernel knows none in an initramfs; then it is what /etc/hostname says, which the hook
    /// puts there.
    package static var name: String {
        let known = field { $0.nodename }
        guard known == "(none)" else { return known }
        return Files.text("/etc/hostname", limit: 256) ?? known
    }
    /// The running kernel's release, such as `6.1.0-37-amd64`.
    package static var kernelRelease: String { field { $0.release } }
    /// The processor architecture in the kernel's words, such as `aarch64`.
    package static var architecture: String { field { $0.machine } }

    /// Bytes of memory that the machine has.
    package static var memory: UInt64 {
        let pages = max(0, sysconf(Int32(_SC_PHYS_PAGES)))
        return UInt64(pages) &* UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    }

    /// How many processors are switched on; 1 where the kernel does not say.
    package static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// This process.
    package static var pid: Int32 { getpid() }
    package static var isRoot: Bool { geteuid() == 0 }

    /// Whether the first process still runs from the initramfs: its root is a ramfs or tmpfs.
    /// Source: linux/magic.h.
    package static var isInitramfs: Bool {
        var status = statfs()
        guard statfs("/", &status) == 0 else { return false }
        let ramfs = 0x8584_58F6
        let tmpfs = 0x0102_1994
        return Int(status.f_type) == ramfs || Int(status.f_type) == tmpfs
    }

    private static func field<Text>(_ pick: (utsname) -> Text) -> String {
        var names = utsname()
        guard uname(&names) == 0 else { return "unknown" }
        return withUnsafeBytes(of: pick(names)) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
