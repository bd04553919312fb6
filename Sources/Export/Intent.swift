import ExportCore
import JSONKit
import LinuxKit

/// What an export is to be, written before the first step: what `status`, `stop`, the supervisor and a later run go by
/// after a SIGKILL.
///
/// `$DAVIT_RUN/export/NAME.json`: `{name, target, adapter, state: applying|exported|waiting|incomplete|stopping|committing,
/// since, fileSystem, readOnly, authenticates, mutual, guardsDiscovery, overlay: {room, file}, portals: […], initiators: […], disks:
/// [{device, lun, state: exported|waiting|failed, path, overlayNode, isMerged, serial, id, lasting, content,
/// fileSystem, member, otherMembers: […], missingMembers, lastError}], lastError}`; `since` in milliseconds since boot, `room` in
/// bytes for each disk. It holds no secret.
package struct Intent: Sendable {
    package enum State: String, Sendable {
        case applying, exported, waiting, incomplete, stopping, committing
    }

    package struct Disk: Sendable, Equatable {
        package enum State: String, Sendable {
            case exported, waiting, failed
        }

        /// As it was named on the command line.
        package var device: String
        package var lun: Int
        package var state = State.waiting
        /// Once it has appeared.
        package var path: String?
        /// What is exported in place of the disk.
        package var overlayNode: String?
        /// Whether what the overlay held is on the disk.
        package var isMerged = false
        package var serial: UnitSerial?
        package var lastError: String?
        /// libblkid's type of what is on it; empty when nothing is recognised.
        package var content = ""
        /// Whether its serial number is the same after the next boot.
        package var isLasting = true
        /// The UUID of the file system over several disks that it is a member of.
        package var fileSystem: String?
        /// Which member, by the number that the file system itself gives it.
        package var member = 0
        /// Where the other members are, and how many are nowhere.
        package var otherMembers: [String] = []
        package var missingMembers = 0
    }

    package let name: ExportName
    package var target: IQN
    package var adapter: Int
    package var state = State.applying
    package var since = Clock.now
    /// Whose members are exported, where they were not named one by one.
    package var fileSystem: String?
    package var isReadOnly = false
    package var authenticates = true
    /// Whether the target proves itself, too: not where an older davit has made it.
    package var isMutual = false
    package var guardsDiscovery = true
    package var overlay: Overlay?
    package var portals: [Portal] = []
    package var initiators: [IQN] = []
    package var disks: [Disk] = []
    package var lastError: String?

    static var directory: String { Roots.run + "/export" }
    private static func path(_ name: ExportName) -> String { "\(directory)/\(name).json" }

    init(name: ExportName, target: IQN, adapter: Int) {
        self.name = name
        self.target = target
        self.adapter = adapter
    }

    /// The one of that name, or `nil` when there is none.
    package init?(reading name: ExportName) {
        guard let text = Files.text(Self.path(name)), let json = try? JSON(parsing: text),
            let target = json["target"]?.string.flatMap({ try? IQN($0) }),
            let adapter = json["adapter"]?.int
        else { return nil }
        self.init(name: name, target: target, adapter: adapter)
        state = json["state"]?.string.flatMap { State(rawValue: $0) } ?? .applying
        since = .milliseconds(json["since"]?.int ?? 0)
        fileSystem = json["fileSystem"]?.string
        isReadOnly = json["readOnly"]?.bool ?? false
        authenticates = json["authenticates"]?.bool ?? true
        isMutual = json["mutual"]?.bool ?? false
        guardsDiscovery = json["guardsDiscovery"]?.bool ?? true
        if let room = json["overlay"]?["room"]?.int {
            overlay = Overlay(room: UInt64(clamping: room), file: json["overlay"]?["file"]?.string)
        }
        portals = Self.strings(json["portals"]).compactMap { try? Portal($0) }
        initiators = Self.strings(json["initiators"]).compactMap { try? IQN($0) }
        disks = (json["disks"]?.array ?? []).compactMap { Disk($0) }
        lastError = json["lastError"]?.string
    }

    /// The names of all that there are.
    package static var names: [ExportName] {
        Files.names(in: directory).filter { $0.hasSuffix(".json") }
            .compactMap { try? ExportName(String($0.dropLast(5))) }
    }

    func write() throws(SystemError) {
        try Files.replace(Self.path(name), with: json.pretty + "\n", mode: 0o600)
        Checkpoint.passed()
    }

    static func remove(_ name: ExportName) throws(SystemError) {
        Turn.forget(name)
        try Files.remove(path(name))
        Checkpoint.passed()
    }

    package var json: JSON {
        [
            "name": .string(name.description),
            "target": .string(target.description),
            "adapter": JSON(adapter),
            "state": .string(state.rawValue),
            "since": JSON(since.milliseconds),
            "fileSystem": JSON(fileSystem),
            "readOnly": .bool(isReadOnly),
            "authenticates": .bool(authenticates),
            "mutual": .bool(isMutual),
            "guardsDiscovery": .bool(guardsDiscovery),
            "overlay": overlay.map {
                ["room": .number(Int(clamping: $0.room)), "file": JSON($0.file)]
            } ?? .null,
            "portals": .array(portals.map { .string($0.description) }),
            "initiators": .array(initiators.map { .string($0.description) }),
            "disks": .array(disks.map(\.json)),
            "lastError": JSON(lastError),
        ]
    }

    private static func strings(_ json: JSON?) -> [String] {
        (json?.array ?? []).compactMap(\.string)
    }
}

extension Intent.Disk {
    init?(_ json: JSON) {
        guard let device = json["device"]?.string, let lun = json["lun"]?.int else { return nil }
        self.init(device: device, lun: lun)
        state = json["state"]?.string.flatMap { State(rawValue: $0) } ?? .waiting
        path = json["path"]?.string
        overlayNode = json["overlayNode"]?.string
        isMerged = json["isMerged"]?.bool ?? false
        serial = json["serial"]?.string.map { UnitSerial($0) }
        lastError = json["lastError"]?.string
        content = json["content"]?.string ?? ""
        isLasting = json["lasting"]?.bool ?? true
        fileSystem = json["fileSystem"]?.string
        member = json["member"]?.int ?? 0
        otherMembers = (json["otherMembers"]?.array ?? []).compactMap(\.string)
        missingMembers = json["missingMembers"]?.int ?? 0
    }

    package var json: JSON {
        [
            "device": .string(device), "lun": JSON(lun), "state": .string(state.rawValue),
            "path": JSON(path), "overlayNode": JSON(overlayNode), "isMerged": .bool(isMerged),
            "serial": JSON(serial?.digits), "id": JSON(serial?.byID),
            "lasting": .bool(isLasting), "content": .string(content),
            "fileSystem": JSON(fileSystem), "member": JSON(member),
            "otherMembers": .array(otherMembers.map { .string($0) }),
            "missingMembers": JSON(missingMembers),
            "lastError": JSON(lastError),
        ]
    }
}

extension Intent {
    /// What the plan is made of: the disks that are there.
    var wanted: Wanted {
        let here = disks.compactMap { disk -> Wanted.Disk? in
            guard let path = disk.path, let serial = disk.serial, disk.state != .failed else {
                return nil
            }
            let exported = disk.overlayNode ?? path
            return Wanted.Disk(lun: disk.lun, path: exported, serial: serial)
        }
        return Wanted(
            name: name, target: target, adapter: adapter, disks: here,
            leftAlone: Set(disks.map(\.lun)).subtracting(here.map(\.lun)), portals: portals,
            initiators: initiators, isReadOnly: isReadOnly,
            authenticates: authenticates, guardsDiscovery: guardsDiscovery)
    }
}
