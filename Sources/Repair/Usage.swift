import LinuxKit

/// Who uses the devices of this machine.
struct Usage {
    private let mounts = MountTable.all
    private let swaps = MountTable.swaps

    /// The devices that are mounted at `point`, as the kernel names them; bcachefs joins its members with colons.
    func sources(mountedAt point: String) -> [String] {
        guard let mount = mounts.last(where: { $0.point == point }) else { return [] }
        let parts = mount.source.split(separator: ":").map(String.init)
        return parts.allSatisfy { $0.hasPrefix("/") } ? parts : [mount.source]
    }

    /// Where `path` is mounted; the last place, when it is mounted at several.
    func mountPoint(of path: String) -> String? {
        guard let device = (try? FileStatus(of: path))?.blockDevice else { return nil }
        let number = "\(device.major):\(device.minor)"
        return mounts.last { mount in
            mount.device == number || mount.source.split(separator: ":").contains { $0 == path }
        }?.point
    }

    /// Who uses `path`, in words; empty when nobody does.
    func users(of path: String) -> [String] {
        guard let status = try? FileStatus(of: path) else { return [] }
        if status.isRegular { return loops(over: path) }
        guard let device = status.blockDevice else { return [] }
        let number = "\(device.major):\(device.minor)"
        var users = mounts.filter { mount in
            mount.device == number
                || mount.source.split(separator: ":").contains { source in
                    guard source.hasPrefix("/"), let other = try? FileStatus(of: String(source)),
                        let block = other.blockDevice
                    else { return false }
                    return block == device
                }
        }.map { "mounted at \($0.point)" }
        if swaps.contains(path) { users.append("in use as swap") }
        users += Self.holders(of: path).map { "open as \($0)" }
        if users.isEmpty, Files.isHeld(device: path) {
            users.append("held by another program or by the kernel, such as an iSCSI export")
        }
        return users
    }

    /// What lies on a device, as paths.
    static func holders(of path: String) -> [String] {
        guard let name = kernelName(of: path) else { return [] }
        let directory = "\(Roots.sys)/class/block/\(name)"
        return Files.names(in: directory + "/holders").map { holder in
            let mapping = Files.text("\(Roots.sys)/class/block/\(holder)/dm/name")
            // Without udev nobody may have made the node of that name.
            return mapping.map { "\(Roots.dev)/mapper/\($0)" }.flatMap {
                Files.exists($0) ? $0 : nil
            } ?? "\(Roots.dev)/\(holder)"
        }
    }

    /// The kernel's name of a block device, such as `sda1`.
    static func kernelName(of path: String) -> String? {
        guard let device = (try? FileStatus(of: path))?.blockDevice else { return nil }
        let link = "\(Roots.sys)/dev/block/\(device.major):\(device.minor)"
        return Files.linkTarget(link)?.split(separator: "/").last.map(String.init)
    }

    private func loops(over path: String) -> [String] {
        guard let real = Files.realPath(path) else { return [] }
        return Files.names(in: "\(Roots.sys)/class/block").filter { name in
            name.hasPrefix("loop")
                && Files.text("\(Roots.sys)/class/block/\(name)/loop/backing_file") == real
        }.map { "attached to \(Roots.dev)/\($0)" }
    }
}
