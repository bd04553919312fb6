/// A device or image file that was looked at.
package struct LookedAt: Sendable, Equatable {
    package let path: String
    /// Every file system whose marks are there.
    package var systems: [FileSystem] = []
    /// Copies of lost superblocks, looked for when there are no marks.
    package var copies: [FileSystem] = []
    /// Formats that libblkid recognises besides, such as `crypto_LUKS`, `linux_raid_member`, `LVM2_member`.
    package var otherTypes: [String] = []
    /// What it says as a part of something below a file system.
    package var mark: LayerMark?
    /// Who uses it, in words: a mount, a mapping, swap, another program.
    package var users: [String] = []
    /// What lies on it, such as `/dev/mapper/disk0`.
    package var holders: [String] = []
    /// Why it could not be read.
    package var failure: String?

    package init(path: String) { self.path = path }

    /// How a UUID or label leads to a device; the better is the greater.
    package enum Match: Int, Sendable, Comparable {
        /// By what lies below a file system: an array, a volume group or one of its volumes, an encrypted device.
        case layer
        /// By a copy of a superblock that is lost.
        case copy
        case fileSystem

        package static func < (one: Match, other: Match) -> Bool { one.rawValue < other.rawValue }
    }

    /// Whether `target` names what is on this device: a UUID, a label, `UUID=…` or `LABEL=…`.
    package func match(_ target: String) -> Match? {
        let wantsUUID = !target.hasPrefix("LABEL=")
        let wantsLabel = !target.hasPrefix("UUID=")
        // Behind anything else an equals sign is part of a label, or names what no superblock knows: PARTLABEL=….
        let isBare = wantsUUID && wantsLabel
        let value = isBare ? target : String(target.drop { $0 != "=" }.dropFirst())
        func fits(_ uuids: [String], _ labels: [String]) -> Bool {
            wantsUUID && uuids.contains { Self.plain($0) == Self.plain(value) && !$0.isEmpty }
                || wantsLabel && !value.isEmpty && labels.contains(value)
        }
        func fits(_ systems: [FileSystem]) -> Bool {
            systems.contains { fits([$0.uuid], [$0.label]) }
        }
        if fits(systems) { return .fileSystem }
        if fits(copies) { return .copy }
        guard let mark else { return nil }
        // md has the host's name in front of the array's; LVM names volumes of a group by place.
        let short = mark.name.split(separator: ":").last.map(String.init) ?? ""
        let place = mark.kind == .lvm ? mark.place ?? "" : ""
        return fits([mark.uuid, place], [mark.name, short]) ? .layer : nil
    }

    /// The tools do not agree on where a UUID has its dashes or colons.
    private static func plain(_ uuid: String) -> String {
        uuid.lowercased().filter { $0 != "-" && $0 != ":" }
    }
}

/// What a look found, one entry for each file system or obstacle.
package enum Finding: Sendable, Equatable {
    case fileSystem(Subject)
    /// Something that has to be opened, assembled or activated before there is a file system.
    case layer(Layer)
    /// Marks of more than one format; none is chosen.
    case ambiguous(path: String, types: [String])
    case unreadable(path: String, reason: String)
    case nothing(path: String)

    /// Puts members together.
    package static func all(from devices: [LookedAt]) -> [Finding] {
        var findings: [Finding] = []
        var subjects: [Subject] = []
        var layers: [Layer] = []
        for device in devices {
            let types = device.systems.map(\.type) + device.otherTypes
            if let failure = device.failure {
                findings.append(.unreadable(path: device.path, reason: failure))
            } else if types.count > 1 {
                findings.append(.ambiguous(path: device.path, types: types))
            } else if let system = device.systems.first ?? device.copies.first {
                let member = Subject.Member(
                    path: device.path, system: system, users: device.users)
                if system.memberCount > 1,
                    let index = subjects.firstIndex(where: { $0.isOne(with: system) })
                {
                    subjects[index].add(member)
                } else {
                    subjects.append(Subject(member))
                }
            } else if let type = device.otherTypes.first {
                if let index = layers.firstIndex(where: { $0.isOne(with: device) }) {
                    layers[index].add(device)
                } else {
                    layers.append(Layer(device, type: type))
                }
            } else {
                findings.append(.nothing(path: device.path))
            }
        }
        return subjects.map { .fileSystem($0) } + layers.map { .layer($0) } + findings
    }
}

/// One file system with the members that were found.
package struct Subject: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package let path: String
        package let system: FileSystem
        package let users: [String]

        package init(path: String, system: FileSystem, users: [String]) {
            self.path = path
            self.system = system
            self.users = users
        }
    }

    /// In the order of their places.
    package private(set) var members: [Member]

    package init(_ member: Member) { members = [member] }

    fileprivate func isOne(with system: FileSystem) -> Bool {
        members.contains { $0.system.backend == system.backend && $0.system.uuid == system.uuid }
    }

    fileprivate mutating func add(_ member: Member) {
        members.append(member)
        members.sort { ($0.system.memberIndex ?? 0) < ($1.system.memberIndex ?? 0) }
    }

    /// What the newest of the superblocks says: members of a file system that was cut off may differ.
    package var system: FileSystem {
        let newest = members.max { ($0.system.sequence ?? 0) < ($1.system.sequence ?? 0) }
        var system = newest?.system ?? FileSystem(backend: "", type: "")
        if members.contains(where: { $0.system.state == .damaged }) { system.state = .damaged }
        system.size = members.reduce(0) { $0 &+ $1.system.size }
        // btrfs writes the size of the whole on every member.
        if system.backend == "btrfs", let one = newest { system.size = one.system.size }
        return system
    }

    package var paths: [String] { members.map(\.path) }
    package var users: [String] {
        members.flatMap { member in member.users.map { "\(member.path): \($0)" } }
    }

    /// Places for which no member was found, in words.
    package var missing: [String] {
        let slots = system.slots
        guard slots.contains(where: { !$0.uuid.isEmpty }) else {
            let count = slots.count - members.count
            return count > 0 ? ["\(count) of \(slots.count) members"] : []
        }
        let found = Set(members.compactMap(\.system.memberIndex))
        return slots.filter { !found.contains($0.index) }.map {
            "member \($0.index) (\($0.uuid))"
        }
    }

    /// Members that claim the same place, such as a disk and its copy.
    package var doubled: [String] {
        var seen: [Int: String] = [:]
        var words: [String] = []
        for member in members {
            guard let index = member.system.memberIndex, system.memberCount > 1 else { continue }
            if let other = seen[index] {
                words.append("\(other) and \(member.path) are both member \(index)")
            }
            seen[index] = member.path
        }
        return words
    }
}
