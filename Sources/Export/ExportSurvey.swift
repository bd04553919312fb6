import ExportCore
import LinuxKit

/// Looks at the disks that were asked for, and says what the export of them is to be.
struct ExportSurvey {
    /// As long as one disk may take: one that is dying answers slowly, or never.
    private static let patience = Duration.seconds(10)

    let request: Exporter.Request
    let observed: Observed
    let worker: KernelWorker

    /// One disk of the request.
    private enum Found {
        case late
        case here(Disk, Content)
        case failed(Disk, String)

        var disk: Disk? {
            switch self {
            case .late: nil
            case .here(let disk, _), .failed(let disk, _): disk
            }
        }

        var content: Content? { if case .here(_, let content) = self { content } else { nil } }
    }

    /// The intent for what is there now.
    /// - Throws: `Refusal`; nothing is changed.
    func intent() throws -> Intent {
        let known = Intent(reading: request.name)
        let found = try disks()
        let target = known?.target ?? IQN(export: request.name, host: Host.name)
        var intent = Intent(name: request.name, target: target, adapter: adapter(known))
        intent.since = known?.since ?? Clock.now
        intent.isReadOnly = request.isReadOnly
        intent.overlay = request.overlay
        intent.authenticates = request.authenticates
        intent.guardsDiscovery = observed.mayGuardDiscovery
        intent.portals = try Listening.choose(request.listen, in: observed)
        intent.initiators = request.initiators
        for (index, disk) in found.enumerated() {
            var entry = Intent.Disk(device: request.devices[index], lun: index + 1)
            switch disk {
            case .late: break
            case .here(let disk, let content):
                describe(disk, content, &entry, besides: intent.disks, known)
            case .failed(_, let why):
                entry.state = .failed
                entry.lastError = why
            }
            intent.disks.append(entry)
        }
        try noteMembers(found.map(\.content), &intent)
        try noteOverlays(&intent)
        return intent
    }

    private func describe(
        _ disk: Disk, _ content: Content, _ entry: inout Intent.Disk,
        besides others: [Intent.Disk], _ known: Intent?
    ) {
        var identity = disk.identity(content)
        // A copy of another disk has its identity too; the initiator must not take them for one.
        if others.contains(where: { $0.serial?.digits == identity.serial }) {
            identity = DiskIdentity("\(identity.text) copy \(disk.node.name)", isLasting: false)
        }
        entry.path = disk.node.path
        entry.content = content.type
        entry.serial = UnitSerial(identity.serial)
        entry.isLasting = identity.isLasting
        // The newer host may have written another superblock since; the disk keeps the name that it has there.
        let path = entry.path
        if let before = known?.disks.first(where: { $0.path == path && $0.state == .exported }) {
            entry.serial = before.serial
            entry.isLasting = before.isLasting
        }
    }

    /// Looks for the rest of each file system once, however many of its members are exported: that reads every disk.
    private func noteMembers(_ contents: [Content?], _ intent: inout Intent) throws(SystemError) {
        let shared = contents.compactMap { $0 }.filter(\.isShared)
        for uuid in shared.map(\.uuid).uniqued {
            guard let set = try MemberSet(uuid, worker) else { continue }
            for index in contents.indices where contents[index]?.uuid == uuid {
                let path = intent.disks[index].path
                intent.disks[index].fileSystem = uuid
                intent.disks[index].member = contents[index]?.memberIndex ?? 0
                intent.disks[index].otherMembers = set.paths.filter { $0 != path }
                intent.disks[index].missingMembers = set.missing
            }
        }
    }

    private func noteOverlays(_ intent: inout Intent) throws {
        guard let overlay = intent.overlay else { return }
        let overlays = Overlays(intent, overlay, worker)
        for index in intent.disks.indices where intent.disks[index].path != nil {
            let lun = intent.disks[index].lun
            guard overlay.file == nil || intent.disks[index].isLasting else {
                // The file outlives a reboot, and would come over whatever has the name then.
                let refusal = Refusal.notLasting(intent.disks[index].device)
                guard request.mayBeLate else { throw refusal }
                intent.disks[index].state = .failed
                intent.disks[index].lastError = refusal.description
                continue
            }
            let state = try overlays.state(lun)
            guard !state.isMerging else { throw Refusal.isCommitting(intent.name) }
            intent.disks[index].overlayNode =
                state.node ?? Intent.plannedNode(intent.name, lun)
        }
    }

    private func adapter(_ known: Intent?) -> Int {
        let own = observed.backstores.first { Layout.export(ofBackstore: $0) == request.name }
        let number = own?.split(separator: "/").dropFirst().first?.split(separator: "_").last
        return number.flatMap { Int($0) } ?? known?.adapter ?? observed.freeAdapter
    }

    /// The disks in the order in which they were asked for.
    private func disks() throws -> [Found] {
        guard request.devices.count <= 255 else {
            throw Refusal.tooManyDisks(request.devices.count)
        }
        var found: [Found] = []
        for given in request.devices {
            guard let disk = try Disk(given) else {
                guard request.mayBeLate else { throw Refusal.noDevice(given) }
                found.append(.late)
                continue
            }
            if let twin = found.lazy.compactMap({ $0.disk }).first(where: { $0.isSame(as: disk) }) {
                throw Refusal.givenTwice(twin.given, and: given)
            }
            found.append(try look(at: disk))
        }
        return found
    }

    private func look(at disk: Disk) throws -> Found {
        let use = try disk.use(besides: request.name, in: observed, worker)
        if case .silent(let why)? = use { return .failed(disk, why) }
        if let use {
            let refusal = Refusal.inUse(disk.given, use)
            // One bad disk never holds up the others, where somebody waits for them.
            guard request.mayBeLate else { throw refusal }
            return .failed(disk, refusal.description)
        }
        guard let content = try worker.content(of: disk.node.path, within: Self.patience) else {
            return .failed(disk, "\(disk.given) does not answer: \(worker.hung.last ?? "").")
        }
        return .here(disk, content)
    }
}

extension Intent {
    /// How the node of an overlay is called as long as it is not there.
    static func plannedNode(_ name: ExportName, _ lun: Int) -> String {
        "/dev/mapper/\(Overlay.mapping(name, lun))"
    }
}

extension Observed {
    /// Discovery has one secret for the whole machine: not ours to set where somebody else's targets are.
    var mayGuardDiscovery: Bool {
        let user = attributes[Layout.discovery + "/userid"] ?? ""
        return ["", "NULL", Wanted.user].contains(user)
            && targets.allSatisfy { $0.iqn.export != nil }
    }
}
