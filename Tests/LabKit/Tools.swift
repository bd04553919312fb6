import Foundation

/// The programs that the lab calls, and the Debian packages that have them.
package enum Tools {
    private static let packages = [
        "cryptsetup": "cryptsetup-bin", "dbclient": "dropbear-bin",
        "dropbearconvert": "dropbear-bin", "dnsmasq": "dnsmasq-base", "ip": "iproute2",
        "mke2fs": "e2fsprogs", "mmdebstrap": "mmdebstrap", "nsenter": "util-linux",
        "qemu-img": "qemu-utils", "qemu-system-aarch64": "qemu-system-arm",
        "qemu-system-x86_64": "qemu-system-x86", "script": "bsdutils", "ssh": "openssh-client",
        "ssh-keygen": "openssh-client", "tar": "tar", "unshare": "util-linux", "zstd": "zstd",
    ]

    /// - Throws: `.missing`, naming all that are not there and how to install them.
    package static func require(_ programs: [String]) throws {
        let missing = programs.filter { find($0) == nil }
        guard !missing.isEmpty else { return }
        let wanted = Set(missing.map { packages[$0] ?? $0 }).sorted().joined(separator: " ")
        throw LabError.missing(
            what: missing.joined(separator: ", "),
            fix: "Run scripts/deps, or apt-get install \(wanted).")
    }

    static func find(_ program: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
