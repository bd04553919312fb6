import LinuxKit
import ModuleKit
import RepairCore

/// The members of a file system as block devices whose writes go elsewhere; removed with this value.
///
/// The stores are files without names, held by the mappings alone: removing those frees everything. The mappings' names
/// are written down first, so that the next davit removes them when this process is killed.
struct Overlays: ~Copyable {
    private let control: MappingControl
    private let list: String
    private var names: [String] = []
    /// One for each member, in their order.
    private(set) var nodes: [BlockNode] = []

    /// What udev and people see of a mapping begins with it.
    static let prefix = "davit-trial-"
    /// udev opens whatever is new, for a moment.
    private static let patience = Duration.seconds(5)

    /// - Parameter set: tells the overlays of one attempt from those made after them.
    /// - Throws: `.noSnapshots`, `.overlay`, `.system`.
    static func make(
        of members: [String], attempt id: Int, set: Int, in place: OverlayPlan.Place
    ) throws(RepairError) -> Overlays {
        loadModules()
        var overlays: Overlays
        do throws(SystemError) {
            overlays = Overlays(try MappingControl(), list: list(id))
        } catch {
            throw .noSnapshots(error)
        }
        let sizes = try sizes(of: members, in: place)
        do throws(SystemError) {
            for (index, member) in members.enumerated() {
                let name = "\(prefix)\(id)-\(set)-\(index)"
                try overlays.add(name, over: member, sizes[index], place)
            }
        } catch {
            throw error.isUnknownToKernel || error.isInvalid ? .noSnapshots(error) : .system(error)
        }
        return overlays
    }

    private init(_ control: consuming MappingControl, list: String) {
        self.control = control
        self.list = list
    }

    private static func sizes(
        of members: [String], in place: OverlayPlan.Place
    ) throws(RepairError) -> [UInt64] {
        let room =
            switch place {
            case .memory: Memory.available ?? 0
            case .directory(let path): Files.room(at: path) ?? 0
            }
        let sizes = members.map {
            (try? FileDescriptor(readingWithoutWaiting: $0))?.length() ?? 0
        }
        do throws(OverlayPlan.Refusal) {
            return try OverlayPlan(for: sizes, in: place, room: room).sizes
        } catch {
            throw .overlay(error)
        }
    }

    deinit {
        for name in names { try? control.remove(name, until: Clock.now + Self.patience) }
        if names.allSatisfy({ (try? control.status($0)) == .some(nil) }) { try? Files.remove(list) }
    }

    /// Their paths in devtmpfs.
    var paths: [String] { nodes.map(\.path) }

    /// How full they are.
    func fills() -> [SnapshotFill] {
        names.compactMap { name in
            (try? control.status(name))?.targets.first.flatMap { SnapshotFill($0.text) }
        }
    }

    private mutating func add(
        _ name: String, over member: String, _ bytes: UInt64, _ place: OverlayPlan.Place
    ) throws(SystemError) {
        names.append(name)
        try Files.replace(list, with: names.joined(separator: "\n"), mode: 0o600)
        let store = try Self.store(name, bytes, place)
        let storeDevice = try LoopDevice(attaching: store)
        if case .block(let origin) = BlockNode.look(at: member) {
            nodes.append(try map(name, origin, storeDevice.path))
            return
        }
        let image = try FileDescriptor(readingWithoutWaiting: member)
        let imageDevice = try LoopDevice(attaching: image, readOnly: true)
        guard case .block(let origin) = BlockNode.look(at: imageDevice.path) else {
            throw SystemError("look at", imageDevice.path)
        }
        nodes.append(try map(name, origin, storeDevice.path))
    }

    private static func store(
        _ name: String, _ bytes: UInt64, _ place: OverlayPlan.Place
    ) throws(SystemError) -> FileDescriptor {
        switch place {
        case .memory: try .inMemory(name, size: bytes)
        case .directory(let path): try .unnamed(at: "\(path)/\(name)", size: bytes)
        }
    }

    private func map(
        _ name: String, _ origin: BlockNode, _ store: String
    ) throws(SystemError) -> BlockNode {
        // A mapping of that name is left of an attempt before the last boot of this directory.
        try control.remove(name)
        try control.create(name, uuid: "DAVIT-" + name)
        try control.load(name, .snapshot(of: origin, in: store))
        try control.resume(name)
        guard let node = try control.status(name)?.node else {
            throw SystemError("look at", "the mapping \(name)")
        }
        return node
    }

    private static func loadModules() {
        let loader = ModuleLoader([.running()])
        for name in ["loop", "dm_mod", "dm_snapshot"] { _ = try? loader.load(name) }
    }

    // MARK: What was left behind

    private static func list(_ id: Int) -> String { "\(Jobs.directory(id))/overlays" }

    /// Removes the overlays of attempts whose job was killed.
    static func removeLeftovers() {
        for id in Jobs.ids where LockFile.holder(Jobs.lock(id)) == nil {
            guard let text = Files.text(list(id)), let control = try? MappingControl() else {
                continue
            }
            var isGone = true
            for name in text.split(separator: "\n") where name.hasPrefix(prefix) {
                do {
                    try control.remove(String(name), until: Clock.now + .seconds(1))
                } catch {
                    isGone = false
                }
            }
            if isGone { try? Files.remove(list(id)) }
        }
    }
}
