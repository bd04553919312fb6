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
        return node.holders.compactMap { BlockNode(name: $0)?.mapperUUID }
            .compactMap { Overlay.export(ofUUID: $0) }.first.map { .exported(as: $0) }
    }

    private static func use(of node: BlockNode, _ worker: KernelWorker) throws -> DeviceUse? {
        if let use = BlockUses().uses(of: node).first { return DeviceUse(use) }
        switch try worker.claim(node.path, until: Clock.now + patience) {
        case .failed(let code) where ErrorNumber.isBusy(code):
            return .held(by: ProcessTable.openers(of: node).map(\.words))
        case .hangs(let who): return .silent(who)
        case .done, .failed: return nil
        }
    }

    /// As long as opening a disk may take.
    private static let patience = Duration.seconds(10)
}

extension DeviceUse {
    fileprivate init(_ use: BlockUse) {
        switch use {
        case .mounted(let point): self = .mounted(on: point)
        case .swap: self = .swap
        case .member(let kind, let uuid): self = .fileSystemMember(kind: kind, uuid: uuid)
        case .under(let node):
            if node.name.hasPrefix("md") {
                self = .array(node.name)
            } else if let name = node.mapperName {
                let isVolume = node.mapperUUID?.hasPrefix("LVM-") == true
                self = isVolume ? .volumeGroupMember(of: name) : .mapping(name)
            } else {
                self = .under(node.path)
            }
        }
    }
}
