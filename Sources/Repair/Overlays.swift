import LinuxKit
import ModuleKit
import RepairCore

/// The members of a file system as block devices whose writes go elsewhere; removed with this value.
///
/// The stores are files without names, held by the mappings alone: removing those frees everything. The mappings' names
/// are written down first, so that the next davit removes them when this process is killed.
struct Overlays: ~Copyable {
    private let list: String
    private var snapshots: [Snapshot] = []
    /// In devtmpfs, one for each member, in their order.
    private(set) var paths: [String] = []

    /// What udev and people see of a mapping begins with it.
    static let prefix = "davit-trial-"
    /// udev opens whatever is new, for a moment.
    private static let patience = Duration.seconds(5)

    /// - Parameter set: tells the overlays of one attempt from those made after them.
    /// - Throws: `.noSnapshots`, `.overlay`, `.system`.
    static func make(
        of members: [String], attempt id: Int, set: Int, in place: OverlayPlan.Place
    ) throws(RepairError) -> Overlays {
        let loader = ModuleLoader([.running()])
        for module in Snapshot.modules { _ = try? loader.load(module) }
        do throws(SystemError) {
            _ = try MappingControl()
        } catch {
            throw .noSnapshots(error)
        }
        var overlays = Overlays(list: list(id))
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

    private init(list: String) { self.list = list }

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
        if Self.remove(snapshots, within: Self.patience) { try? Files.remove(list) }
    }

    /// How full they are.
    func fills() -> [SnapshotFill] {
        snapshots.compactMap { try? $0.state().fill }
    }

    private mutating func add(
        _ name: String, over member: String, _ bytes: UInt64, _ place: OverlayPlan.Place
    ) throws(SystemError) {
        let snapshot = Self.snapshot(name)
        snapshots.append(snapshot)
        let names = snapshots.map(\.name).joined(separator: "\n")
        try Files.replace(list, with: names, mode: 0o600)
        let store = try Self.store(name, bytes, place)
        if let origin = BlockNode(at: member) {
            paths.append(try Self.lay(snapshot, over: origin, store))
            return
        }
        let image = try FileDescriptor(readingWithoutWaiting: member)
        let device = try LoopDevice(attaching: image, readOnly: true)
        guard let origin = BlockNode(at: device.path) else {
            throw SystemError("look at", device.path)
        }
        paths.append(try Self.lay(snapshot, over: origin, store))
    }

    private static func store(
        _ name: String, _ bytes: UInt64, _ place: OverlayPlan.Place
    ) throws(SystemError) -> FileDescriptor {
        switch place {
        case .memory: try .inMemory(name, size: bytes)
        case .directory(let path): try .unnamed(at: "\(path)/\(name)", size: bytes)
        }
    }

    /// - Returns: the path of the device that it is.
    private static func lay(
        _ snapshot: Snapshot, over origin: BlockNode, _ store: borrowing FileDescriptor
    ) throws(SystemError) -> String {
        // One of that name is left of an attempt before the last boot of this directory.
        try snapshot.remove()
        try snapshot.create()
        try snapshot.load(over: origin, store: store)
        try snapshot.resume()
        guard let path = try snapshot.state().node else {
            throw SystemError("look at", "the mapping \(snapshot.name)")
        }
        return path
    }

    private static func snapshot(_ name: String) -> Snapshot {
        Snapshot(name, uuid: "DAVIT-" + name)
    }

    // MARK: What was left behind

    private static func list(_ id: Int) -> String { "\(Jobs.directory(id))/overlays" }

    /// Removes the overlays of attempts whose job was killed.
    static func removeLeftovers() {
        for id in Jobs.ids where !LockFile.isHeld(Jobs.lock(id)) {
            guard let text = Files.text(list(id)) else { continue }
            let names = text.split(separator: "\n").filter { $0.hasPrefix(prefix) }
            let left = names.map { snapshot(String($0)) }
            if remove(left, within: .seconds(1)) { try? Files.remove(list(id)) }
        }
    }

    /// - Parameter patience: for each of them.
    /// - Returns: whether all are gone.
    private static func remove(_ snapshots: [Snapshot], within patience: Duration) -> Bool {
        var areGone = true
        for snapshot in snapshots {
            do {
                try snapshot.remove(until: Clock.now + patience)
            } catch {
                areGone = false
            }
        }
        return areGone
    }
}
