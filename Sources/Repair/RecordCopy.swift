import BlkidKit
import JSONKit
import LinuxKit
import RepairCore

/// Copies of records to a place that outlives this boot: a directory, or a device with a plain file system.
package enum RecordCopy {
    /// Why a place will not do, asked before anything is started.
    package static func refusal(of place: String, members: [String]) -> String? {
        guard let status = try? FileStatus(of: place) else {
            // As `mkdir -p` would: a directory that is not there yet is made.
            return place.hasPrefix("/dev/") ? "it is not there" : nil
        }
        if status.isDirectory { return nil }
        guard status.blockDevice != nil else { return "it is no directory and no block device" }
        guard !members.contains(where: { Files.isSame($0, place) }) else {
            return "it is a member of what is to be repaired"
        }
        if let part = members.first(where: { isRelated($0, place) }) {
            return "it and \(part) lie on one another"
        }
        let device = Look.device(place, BlockUses())
        if let user = device.users.first {
            return "it is in use (\(user)); give a directory there"
        }
        if let failure = device.failure { return failure }
        guard device.systems.count == 1, device.otherTypes.isEmpty,
            let system = device.systems.first
        else { return "it carries no file system that could be mounted, or the marks of several" }
        guard system.memberCount == 1 else { return "its file system has several members" }
        guard system.state != .damaged, system.recordedErrors == 0,
            system.state != .unclean || CopyMark.isHarmless(place, system)
        else {
            return
                "its \(system.type) is \(system.state.words), and a mount would write more than the record"
        }
        return nil
    }

    /// One lies below the other, as a partition or a mapping does.
    private static func isRelated(_ one: String, _ other: String) -> Bool {
        guard let first = BlockNode(at: one), let second = BlockNode(at: other) else {
            return false
        }
        return first.holders.contains(second.name) || second.holders.contains(first.name)
            || first.wholeDisk == second.name || second.wholeDisk == first.name
    }

    /// Copies the record of attempt `id` to where its request says. Runs as a process of its own.
    package static func run(_ id: Int) throws(RepairError) {
        let directory = Jobs.directory(id)
        guard
            let request = Files.text(directory + "/request.json").flatMap({
                try? JSON(parsing: $0)
            }).flatMap({ JobRequest($0) }), let place = request.logTo, let record = Jobs.record(id)
        else { throw .noSuchJob(id) }
        do throws(SystemError) {
            guard let status = try? FileStatus(of: place), status.blockDevice != nil else {
                try copy(record, id, to: place)
                return
            }
            try copy(record, id, toDevice: place)
        } catch {
            throw .system(error)
        }
    }

    private static func copy(
        _ record: JSON, _ id: Int, toDevice device: String
    ) throws(SystemError) {
        let system = Look.device(device, BlockUses()).systems.first
        let type = system?.type ?? ""
        let point = "\(Jobs.root)/log-\(Host.pid)"
        // The mount goes away with this process, however it ends.
        try MountNamespace.leave()
        KernelRun.loadModules(for: type)
        try Files.makeDirectory(point, mode: 0o700)
        defer { try? Files.removeDirectory(point) }
        // FAT may free the file that a new one replaces before it writes the name of the new: a reset would take both.
        try Mounts.mount(
            device, at: point, type: type, options: "", readOnly: false, namesAtOnce: true)
        defer { try? Mounts.unmount(point) }
        let mark = system.flatMap { CopyMark(on: $0, at: point) }
        defer { mark?.remove() }
        try copy(record, id, to: point)
    }

    private static func copy(_ record: JSON, _ id: Int, to place: String) throws(SystemError) {
        let own = Jobs.directory(id)
        let copy = free("\(place)/davit-repair-\(id)", for: record)
        try Files.makeDirectory(copy, mode: 0o700)
        // Of a copying that was ended half way.
        for name in Files.names(in: copy) where name.hasSuffix(".new") {
            try? Files.remove("\(copy)/\(name)")
        }
        let limit = Transcript.headLimit + 2 * Transcript.tailLimit + 256
        // First what says whose copy this is, and what is wanted most where there is room for little.
        let first = "record.json"
        let others = Files.names(in: own).filter {
            ![first, "lock", "overlays", "contents"].contains($0) && !$0.hasSuffix(".new")
        }
        for name in [first] + others {
            guard let bytes = try? Files.read("\(own)/\(name)", limit: limit) else { continue }
            let path = "\(copy)/\(name)"
            do throws(SystemError) {
                try Files.replace(path, with: bytes, mode: 0o600, durably: true)
            } catch {
                // Where the record itself has no room any more, what was copied of the output has to go.
                guard name == first, error.isOutOfSpace else { throw error }
                try Files.remove("\(copy)/transcript")
                try Files.replace(path, with: bytes, mode: 0o600, durably: true)
            }
        }
        // The names, too, before the power may go. Some file systems cannot be asked that.
        for directory in [copy, place] {
            try? FileDescriptor(openingDirectory: directory).flush()
        }
    }

    /// Numbers begin anew with each boot: what another attempt has left there stays.
    private static func free(_ wanted: String, for record: JSON) -> String {
        for number in 1...Int(Int16.max) {
            let path = number == 1 ? wanted : "\(wanted)-\(number)"
            guard Files.exists(path) else { return path }
            let there = Files.text("\(path)/record.json").flatMap { try? JSON(parsing: $0) }
            let isOurs = ["startedWall", "startedAt", "pid"].allSatisfy {
                there?[$0] == record[$0]
            }
            if isOurs || there == nil { return path }
        }
        return wanted
    }

    /// The records that lie in a directory, the newest last.
    static func records(in place: String) -> [JSON] {
        Files.names(in: place).filter { $0.hasPrefix("davit-repair-") }.compactMap { name in
            Files.text("\(place)/\(name)/record.json").flatMap { try? JSON(parsing: $0) }
        }.sorted { ($0["startedWall"]?.int ?? 0) < ($1["startedWall"]?.int ?? 0) }
    }
}
