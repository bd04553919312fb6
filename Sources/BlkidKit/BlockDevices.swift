import LinuxKit

/// A block device as the kernel lists it.
package struct BlockDevice: Equatable, Sendable {
    /// The kernel's name, such as `sda2` or `dm-0`.
    package let name: String
    /// The device node, such as `/dev/sda2`.
    package let path: String
    /// In sectors of 512 bytes; 0 where there is no medium or no table yet.
    package let sectors: Int
    /// The device-mapper name and UUID, where it is a mapping.
    package let mapperName: String?
    package let mapperUUID: String?
    /// Kernel names of the devices that lie under it.
    package let slaves: [String]
}

/// The block devices of this machine, from sysfs, with or without udev.
package enum BlockDevices {
    /// All of them, in the order of their names. Oldest kernel: 2.6.29 (dm/name).
    package static func all(sys: String = Roots.sys, dev: String = Roots.dev) -> [BlockDevice] {
        Files.names(in: sys + "/class/block").map { name in
            let directory = "\(sys)/class/block/\(name)"
            return BlockDevice(
                name: name,
                // The kernel writes ! for the / of names such as cciss/c0d0.
                path: dev + "/" + String(name.map { $0 == "!" ? "/" : $0 }),
                sectors: Files.text(directory + "/size").flatMap { Int($0) } ?? 0,
                mapperName: Files.text(directory + "/dm/name"),
                mapperUUID: Files.text(directory + "/dm/uuid"),
                slaves: Files.names(in: directory + "/slaves"))
        }
    }

    /// Those that may hold something: media that cannot are left out, for probing a drive without a disc takes seconds.
    package static func worthProbing(_ devices: [BlockDevice]) -> [BlockDevice] {
        devices.filter { device in
            device.sectors > 0
                && !["ram", "zram", "fd", "nbd"].contains { device.name.hasPrefix($0) }
        }
    }
}
