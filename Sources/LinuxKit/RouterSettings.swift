import Glibc

/// The kernel's settings of one interface about routers and their advertisements (net.ipv6.conf.IF).
/// Source: Documentation/networking/ip-sysctl.rst.
package enum RouterSettings {
    /// The value of a setting, or `nil` where the kernel has none: IPv6 is off, or older than the setting.
    package static func value(_ setting: String, _ link: Link) -> Int? {
        Files.text(path(setting, link), limit: 64).flatMap { Int($0) }
    }

    package static func set(_ setting: String, to value: Int, _ link: Link) throws(SystemError) {
        try FileDescriptor(opening: path(setting, link), O_WRONLY).write("\(value)")
    }

    private static func path(_ setting: String, _ link: Link) -> String {
        "\(Roots.proc)/sys/net/ipv6/conf/\(link.name)/\(setting)"
    }
}
