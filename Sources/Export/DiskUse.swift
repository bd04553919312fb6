import ExportCore
import LinuxKit

extension Disk {
    /// Who uses the disk, its whole disk or its partitions; `nil` when nobody does, or the export of that name.
    func use(
        besides name: ExportName, in observed: Observed, _ worker: KernelWorker
    ) throws -> DeviceUse? {
        let relatives = ([node.wholeDisk].compactMap { $0 } + node.partitions)
            .compactMap { BlockNode(name: $0) }
        let exported = Self.export(of: node, in: observed)
        if let exported, exported != .exported(as: name) { return exported }
        for relative in relatives {
            if let use = Self.export(of: relative, in: observed) {
                return .related(relative.path, use)
            }
        }
        // What is exported under this name is held by that export, and all that shares sectors with it.
        guard exported == nil else { return nil }
        if let use = try Self.use(of: node, worker) { return use }
        for relative in relatives {
            if let use = try Self.use(of: relative, worker) { return .related(relative.path, use) }
        }
        return nil
    }

    /// Which export has it, itself or under an overlay.
    private static func export(of node: BlockNode, in observed: Observed) -> DeviceUse? {
        let number = DeviceNumber(major: node.major, minor: node.minor)
        for backstore in observed.backstores where observed.isEnabled(backstore) {
            let info = observed.info(of: backstore)
            guard info.device == number || info.path == node.path else { continue }
            return Layout.export(ofBackstore: backstore).map { .exported(as: $0) }
                ?? .exportedByOther(backstore)
        }
        return node.holders.compactMap { BlockNode(name: $0)?.attribute("dm/uuid") }
            .compactMap { Overlay.export(ofUUID: $0) }.first.map { .exported(as: $0) }
    }

    private static func use(of node: BlockNode, _ worker: KernelWorker) throws -> DeviceUse? {
        let number = DeviceNumber(major: node.major, minor: node.minor)
        if let use = useByKernel(node, number) { return use }
        switch try worker.claim(node.path, until: Clock.now + patience) {
        case .failed(let code) where ErrorNumber.isBusy(code): return .held(by: openers(of: node))
        case .hangs(let who): return .silent(who)
        case .done, .failed: return nil
        }
    }

    /// As long as opening a disk may take.
    private static let patience = Duration.seconds(10)

    private static func useByKernel(_ node: BlockNode, _ number: DeviceNumber) -> DeviceUse? {
        for holder in node.holders {
            if holder.hasPrefix("md") { return .array(holder) }
            let mapping = BlockNode(name: holder)
            let name = mapping?.attribute("dm/name") ?? holder
            let isVolume = mapping?.attribute("dm/uuid")?.hasPrefix("LVM-") == true
            return isVolume ? .volumeGroupMember(of: name) : .mapping(name)
        }
        for mount in MountTable.all {
            // A file system over several disks has a number of its own; its source names them.
            let sources = mount.source.split(separator: ":").map(String.init)
            let isSource = sources.contains { source in
                if case .block(let other) = BlockNode.look(at: source) {
                    other == node
                } else {
                    false
                }
            }
            if mount.device == number.description || isSource { return .mounted(on: mount.point) }
        }
        if MountTable.swaps.contains(node.path) { return .swap }
        return memberUse(node)
    }

    /// btrfs and bcachefs list the members of what is mounted.
    private static func memberUse(_ node: BlockNode) -> DeviceUse? {
        for uuid in Files.names(in: Roots.sys + "/fs/btrfs")
        where Files.exists("\(Roots.sys)/fs/btrfs/\(uuid)/devices/\(node.name)") {
            return .fileSystemMember(kind: "btrfs", uuid: uuid)
        }
        for uuid in Files.names(in: Roots.sys + "/fs/bcachefs") {
            let directory = "\(Roots.sys)/fs/bcachefs/\(uuid)"
            for member in Files.names(in: directory) where member.hasPrefix("dev-") {
                let link = Files.linkTarget("\(directory)/\(member)/block")
                if link?.split(separator: "/").last.map(String.init) == node.name {
                    return .fileSystemMember(kind: "bcachefs", uuid: uuid)
                }
            }
        }
        return nil
    }

    /// The programs that have the node open, as `name (process N)`.
    private static func openers(of node: BlockNode) -> [String] {
        ProcessTable.all.filter { entry in
            let directory = "\(Roots.proc)/\(entry.pid)/fd"
            return Files.names(in: directory).contains { name in
                guard Files.linkTarget("\(directory)/\(name)")?.hasPrefix("/") == true,
                    case .block(let other) = BlockNode.look(at: "\(directory)/\(name)")
                else { return false }
                return other == node
            }
        }.map { "\($0.program) (process \($0.pid))" }
    }
}
