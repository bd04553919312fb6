import ExportCore
import LinuxKit

/// Looks at the disks that were asked for, and says what the export of them is to be.
struct ExportSurvey {
    /// As long as one disk may take: one that is dying answers slowly, or never.
    private static let patience = Duration.seconds(10)

    let request: Exporter.Request
    let observed: Observed
    let worker: KernelWorker

    /// One disk of the request, here or not.
    private struct Place {
        var device: String
        var lun: Int
    }

    /// What there is at a place.
    private enum Found {
        case late
        case here(Disk, Content)
        case failed(String)

        var content: Content? { if case .here(_, let content) = self { content } else { nil } }
    }

    /// The intent for what is there now.
    /// - Throws: `Refusal`; nothing is changed.
    func intent() throws -> Intent {
        let known = Intent(reading: request.name)
        let set = try request.fileSystem.flatMap { try MemberSet($0, worker) }
        let places = try places(set, known)
        let found = try disks(places, known)
        let target = known?.target ?? IQN(export: request.name, host: Host.name)
        var intent = Intent(name: request.name, target: target, adapter: adapter(known))
        intent.since = known?.since ?? Clock.now
        intent.fileSystem = request.fileSystem
        intent.isReadOnly = request.isReadOnly
        intent.overlay = request.overlay
        intent.authenticates = request.authenticates
        intent.isMutual = request.authenticates
        intent.guardsDiscovery = observed.mayGuardDiscovery
        intent.portals = try Listening.choose(
            request.listen, keeping: known?.portals ?? [], for: request.name, in: observed)
        intent.initiators = request.initiators
        for (place, disk) in zip(places, found) {
            var entry = Intent.Disk(device: place.device, lun: place.lun)
            switch disk {
            case .late: break
            case .here(let disk, let content):
                describe(disk, content, &entry, besides: intent.disks, known)
            case .failed(let why):
                entry.state = .failed
                entry.lastError = why
            }
            intent.disks.append(entry)
        }
        try noteMembers(found.map(\.content), &intent, set)
        try noteOverlays(&intent)
        noteMoved(&intent, known)
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
    private func noteMembers(
        _ contents: [Content?], _ intent: inout Intent, _ known: MemberSet?
    ) throws(SystemError) {
        let shared = contents.compactMap { $0 }.filter(\.isShared)
        for uuid in shared.map(\.uuid).uniqued {
            let seen = known?.uuid == uuid ? known : try MemberSet(uuid, worker)
            guard let set = seen else { continue }
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

    /// A disk that went away and came back as another device cannot take the LUN of what it was; for who waits that is
    /// the matter of this disk and no other.
    private func noteMoved(_ intent: inout Intent, _ known: Intent?) {
        guard request.mayBeLate, let known, known.fileSystem == request.fileSystem,
            known.overlay == request.overlay
        else { return }
        let layout = Layout(intent.wanted)
        for disk in intent.wanted.disks {
            guard let held = observed.info(of: layout.backstore(disk.lun)).path, held != disk.path,
                let index = intent.disks.firstIndex(where: { $0.lun == disk.lun }),
                intent.fileSystem != nil
                    || known.disks.contains(where: {
                        $0.lun == disk.lun && $0.device == intent.disks[index].device
                    })
            else { continue }
            intent.disks[index].state = .failed
            intent.disks[index].lastError =
                "\(intent.disks[index].device) was \(held) when it was exported, and is \(disk.path) now. 'davit export "
                + "stop \(intent.name)' and the same 'davit export' again take it as it is."
        }
    }

    private func adapter(_ known: Intent?) -> Int {
        let own = observed.backstores.first { Layout.export(ofBackstore: $0) == request.name }
        let number = own?.split(separator: "/").dropFirst().first?.split(separator: "_").last
        return number.flatMap { Int($0) } ?? known?.adapter ?? observed.freeAdapter
    }

    // MARK: Which disks, and which of them are here

    /// The disks in the order of their LUNs: as they were named, or the members of a file system as far as they are here
    /// now, and places for the rest where somebody waits for it.
    private func places(_ set: MemberSet?, _ known: Intent?) throws(Refusal) -> [Place] {
        guard let uuid = request.fileSystem else {
            return request.devices.enumerated().map { Place(device: $1, lun: $0 + 1) }
        }
        guard set != nil || request.mayBeLate else { throw .noFileSystem(uuid) }
        let known = known?.fileSystem == uuid ? known : nil
        let exported = known?.disks.filter { $0.state == .exported } ?? []
        var paths = set?.paths ?? []
        // The newer host may have written something else over the superblock by which it was found.
        paths += exported.compactMap(\.path).filter {
            !paths.contains($0) && BlockNode(at: $0) != nil
        }
        let count = set?.count ?? max(1, known?.disks.count ?? 0)
        let members = MemberPlaces(
            numbers: (set?.numbers ?? []) + paths.dropFirst(set?.numbers.count ?? 0).map { _ in 0 },
            from: set?.firstNumber ?? 0,
            kept: paths.map { path in exported.first { $0.path == path }?.lun },
            missing: request.mayBeLate ? count - paths.count : 0)
        let here = zip(paths, members.luns).map { path, lun in
            Place(device: BlockNode(at: path)?.namedPath ?? path, lun: lun)
        }
        let late = members.held.map { Place(device: "a member of \(uuid)", lun: $0) }
        return (here + late).sorted { $0.lun < $1.lun }
    }

    private func disks(_ places: [Place], _ known: Intent?) throws -> [Found] {
        guard places.count <= MemberPlaces.most else { throw Refusal.tooManyDisks(places.count) }
        var found = places.map { _ in Found.late }
        var disks: [(index: Int, disk: Disk, before: Intent.Disk?)] = []
        for (index, place) in places.enumerated() {
            do throws(Refusal) {
                if let disk = try Disk(place.device) {
                    let before = known?.disks.first {
                        $0.state == .exported && $0.path == disk.node.path && $0.lun == place.lun
                    }
                    disks.append((index, disk, before))
                } else if !request.mayBeLate {
                    throw .noDevice(place.device)
                }
            } catch {
                found[index] = try failed(error)
            }
        }
        // Of two paths to a disk the one that is exported stays so, even where the other was named first.
        disks = disks.filter { $0.before != nil } + disks.filter { $0.before == nil }
        for (number, (index, disk, before)) in disks.enumerated() {
            let twin = disks.prefix(number).lazy.map(\.disk).first { $0.isSame(as: disk) }
            found[index] =
                if let twin {
                    try failed(.givenTwice(twin.given, and: disk.given))
                } else {
                    try look(at: disk, before)
                }
        }
        return found
    }

    /// One bad disk never holds up the others, where somebody waits for them.
    private func failed(_ refusal: Refusal) throws(Refusal) -> Found {
        guard request.mayBeLate else { throw refusal }
        return .failed(refusal.description)
    }

    private func look(at disk: Disk, _ before: Intent.Disk?) throws -> Found {
        let use = try disk.use(besides: request.name, in: observed, worker)
        if case .silent(let why)? = use { return .failed(why) }
        if let use { return try failed(.inUse(disk.given, use)) }
        if let content = try worker.content(of: disk.node.path, within: Self.patience) {
            return .here(disk, content)
        }
        // What is exported already is not taken away for being slow.
        if let before { return .here(disk, Content(before)) }
        return .failed("\(disk.given) does not answer: \(worker.hung.last ?? "").")
    }
}

extension Content {
    /// As it was when the disk was looked at before.
    fileprivate init(_ disk: Intent.Disk) {
        self.init()
        type = disk.content
        memberIndex = disk.member
        guard let fileSystem = disk.fileSystem else { return }
        uuid = fileSystem
        memberCount = disk.otherMembers.count + disk.missingMembers + 1
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
        return ["", "NULL", Secret.initiator.name].contains(user)
            && targets.allSatisfy { $0.iqn.export != nil }
    }
}
