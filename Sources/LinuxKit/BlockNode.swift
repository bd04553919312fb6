import CLinux
import Glibc

/// A block device as its node and sysfs show it.
package struct BlockNode: Sendable, Equatable {
    package let major: UInt32
    package let minor: UInt32
    /// The kernel's name, such as `sda2` or `dm-0`.
    package let name: String
    /// Its directory in sysfs.
    let directory: String

    /// What `path` is.
    package enum Kind: Sendable, Equatable {
        case missing
        case otherThing
        case block(BlockNode)
    }

    /// Looks at `path`, following links.
    package static func look(at path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .missing }
        guard status.st_mode & S_IFMT == S_IFBLK else { return .otherThing }
        let number = status.st_rdev
        let major = davit_major(number)
        let minor = davit_minor(number)
        return BlockNode(major: major, minor: minor).map { .block($0) } ?? .missing
    }

    /// The block device that `path` leads to, or `nil`.
    package init?(at path: String) {
        guard case .block(let node) = Self.look(at: path) else { return nil }
        self = node
    }

    /// The device with these numbers, or `nil` when the kernel has none.
    package init?(major: UInt32, minor: UInt32) {
        guard let link = Files.linkTarget("\(Roots.sys)/dev/block/\(major):\(minor)"),
            let last = link.split(separator: "/").last
        else { return nil }
        self.major = major
        self.minor = minor
        // The kernel writes ! for the / of names such as cciss/c0d0.
        name = String(last)
        directory = "\(Roots.sys)/class/block/\(last)"
    }

    /// The device of that kernel name, or `nil`.
    package init?(name: String, sys: String = Roots.sys) {
        let directory = "\(sys)/class/block/\(name)"
        let numbers = Files.text(directory + "/dev", limit: 64)?.split(separator: ":")
            .compactMap { UInt32($0) }
        guard let numbers, numbers.count == 2 else { return nil }
        (major, minor) = (numbers[0], numbers[1])
        self.name = name
        self.directory = directory
    }

    /// The block devices of this machine, in the order of their names; with or without udev.
    package static func all(sys: String = Roots.sys) -> [BlockNode] {
        Files.names(in: sys + "/class/block").compactMap { BlockNode(name: $0, sys: sys) }
    }

    /// Whether something may be on it: media that cannot hold anything are left out, for probing a drive without a disc
    /// takes seconds.
    package var isWorthProbing: Bool {
        sectors > 0 && !["ram", "zram", "fd", "nbd"].contains { name.hasPrefix($0) }
    }

    /// The node that the kernel's own devtmpfs has for it.
    package var path: String { Roots.dev + "/" + String(name.map { $0 == "!" ? "/" : $0 }) }

    /// The path that people know it by: a mapping's name, where somebody has made that node.
    package var namedPath: String {
        guard let name = mapperName else { return path }
        let named = "\(Roots.dev)/mapper/\(name)"
        return Files.exists(named) ? named : path
    }

    /// As `major:minor`.
    package var number: String { "\(major):\(minor)" }

    /// In sectors of 512 bytes; 0 without a medium.
    package var sectors: Int { attribute("size").flatMap { Int($0) } ?? 0 }

    /// An attribute in sysfs, such as `dm/uuid`, or `nil` when it has none of that name or it is empty.
    package func attribute(_ name: String) -> String? {
        guard let text = Files.text("\(directory)/\(name)", limit: 4096) else { return nil }
        let trimmed = text.drop { $0 == " " }
        return trimmed.isEmpty ? nil : String(trimmed)
    }

    /// The name and the UUID of a mapping of the device mapper. Oldest kernel: 2.6.29.
    package var mapperName: String? { attribute("dm/name") }
    package var mapperUUID: String? { attribute("dm/uuid") }

    /// The kernel names of the devices that are built on it.
    package var holders: [String] { Files.names(in: directory + "/holders") }

    /// The same by the paths that people know.
    package var holderPaths: [String] {
        holders.compactMap { BlockNode(name: $0)?.namedPath }
    }

    /// The kernel names of the devices that it is built on.
    package var slaves: [String] { Files.names(in: directory + "/slaves") }

    /// The kernel name of the whole disk, when it is a partition.
    package var wholeDisk: String? {
        guard attribute("partition") != nil,
            let link = Files.linkTarget("\(Roots.sys)/class/block/\(name)")
        else { return nil }
        return link.split(separator: "/").dropLast().last.map(String.init)
    }

    /// The kernel names of its partitions.
    package var partitions: [String] {
        Files.names(in: directory).filter { Files.exists("\(directory)/\($0)/partition") }
    }

    /// Opens it exclusively and lets it go again: whether somebody holds it.
    /// - Throws: when it is held (EBUSY) or cannot be opened at all.
    package func claim() throws(SystemError) {
        _ = try FileDescriptor(opening: path, O_RDONLY | O_EXCL | O_NONBLOCK)
    }

    /// Whether a file system, a mapping or another exclusive user holds it.
    package var isHeld: Bool {
        do throws(SystemError) {
            try claim()
            return false
        } catch {
            return error.isBusy
        }
    }
}
