import CLinux
import Glibc

/// A block device as its node and sysfs show it.
package struct BlockNode: Sendable, Equatable {
    package let major: UInt32
    package let minor: UInt32
    /// The kernel's name, such as `sda2` or `dm-0`.
    package let name: String
    /// Its directory in sysfs.
    private let directory: String

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
    package init?(name: String) {
        guard let number = Files.text("\(Roots.sys)/class/block/\(name)/dev", limit: 64) else {
            return nil
        }
        let parts = number.split(separator: ":").compactMap { UInt32($0) }
        guard parts.count == 2 else { return nil }
        self.init(major: parts[0], minor: parts[1])
    }

    /// The node that the kernel's own devtmpfs has for it.
    package var path: String { Roots.dev + "/" + String(name.map { $0 == "!" ? "/" : $0 }) }

    /// In sectors of 512 bytes; 0 without a medium.
    package var sectors: Int { attribute("size").flatMap { Int($0) } ?? 0 }

    /// An attribute in sysfs, such as `dm/uuid`, or `nil` when it has none of that name or it is empty.
    package func attribute(_ name: String) -> String? {
        guard let text = Files.text("\(directory)/\(name)", limit: 4096) else { return nil }
        let trimmed = text.drop { $0 == " " }
        return trimmed.isEmpty ? nil : String(trimmed)
    }

    /// The kernel names of the devices that are built on it.
    package var holders: [String] { Files.names(in: directory + "/holders") }

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
}
