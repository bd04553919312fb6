/// What has a block device in use, as the kernel shows it.
package enum BlockUse: Sendable, Equatable {
    case mounted(on: String)
    case swap
    /// Another device is built on it: an array, a mapping, a cache.
    case under(BlockNode)
    /// It belongs to a mounted file system over several devices, `btrfs` or `bcachefs`.
    case member(kind: String, uuid: String)
}

/// Who uses the block devices of this machine; mounts and swap are those of the moment when this value was made.
package struct BlockUses {
    private let mounts: [(entry: MountTable.Entry, sources: [BlockNode])]
    private let swaps: [BlockNode]

    package init() {
        mounts = MountTable.all.map {
            ($0, $0.sources.filter { $0.hasPrefix("/") }.compactMap { BlockNode(at: $0) })
        }
        swaps = MountTable.swaps.compactMap { BlockNode(at: $0) }
    }

    /// All uses of `node`; of who just has it open, `BlockNode.isHeld` and `ProcessTable.openers` tell.
    package func uses(of node: BlockNode) -> [BlockUse] {
        var uses = node.holders.compactMap { BlockNode(name: $0) }.map { BlockUse.under($0) }
        uses += mountPoints(of: node).map { .mounted(on: $0) }
        if swaps.contains(node) { uses.append(.swap) }
        // Where it is mounted says more than that it is a member.
        return uses.isEmpty ? Self.membership(of: node).map { [$0] } ?? [] : uses
    }

    /// Where the file system on `node` is mounted, as far as the mounts tell: of btrfs they name one member only.
    package func mountPoints(of node: BlockNode) -> [String] {
        mounts.filter { $0.entry.device == node.number || $0.sources.contains(node) }
            .map(\.entry.point)
    }

    /// The devices that are mounted at `point`, by the names that they were mounted by.
    package func sources(mountedAt point: String) -> [String] {
        mounts.last { $0.entry.point == point }?.entry.sources ?? []
    }

    /// btrfs and bcachefs list the members of what is mounted. Source: fs/btrfs/sysfs.c, fs/bcachefs/sysfs.c.
    private static func membership(of node: BlockNode) -> BlockUse? {
        for uuid in Files.names(in: Roots.sys + "/fs/btrfs")
        where Files.exists("\(Roots.sys)/fs/btrfs/\(uuid)/devices/\(node.name)") {
            return .member(kind: "btrfs", uuid: uuid)
        }
        for uuid in Files.names(in: Roots.sys + "/fs/bcachefs") {
            let directory = "\(Roots.sys)/fs/bcachefs/\(uuid)"
            for member in Files.names(in: directory) where member.hasPrefix("dev-") {
                let link = Files.linkTarget("\(directory)/\(member)/block")
                if link?.split(separator: "/").last.map(String.init) == node.name {
                    return .member(kind: "bcachefs", uuid: uuid)
                }
            }
        }
        return nil
    }
}
