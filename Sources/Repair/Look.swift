import BlkidKit
import LinuxKit
import RepairCore

/// Looks at devices and image files; nothing is written.
package struct Look {
    /// One for each file system or obstacle.
    package let findings: [Finding]
    /// A directory with records of earlier attempts, such as from before this boot.
    package var logPlace: String?
    let uses = BlockUses()

    /// Looks at everything, or at the targets: devices, image files, mount points, UUIDs and labels.
    /// - Throws: `.noSuchTarget`.
    package init(at targets: [String]) throws(RepairError) {
        let uses = uses
        let everything = { Self.everything(uses) }
        var looked: [LookedAt] = []
        for target in targets {
            for device in try Self.resolve(target, uses, everything)
            where !looked.contains(where: { $0.path == device.path }) {
                looked.append(device)
            }
        }
        if targets.isEmpty {
            looked = everything()
        } else {
            looked += Self.siblings(of: looked, everything)
        }
        let found = Finding.all(from: looked)
        // Disks with partitions, empty loops and the like are no news when nobody asked for them.
        findings = found.filter { finding in
            if case .nothing = finding { !targets.isEmpty } else { true }
        }
    }

    /// The file systems among the findings.
    package var subjects: [Subject] {
        findings.compactMap { if case .fileSystem(let subject) = $0 { subject } else { nil } }
    }

    // MARK: One device

    static func device(_ name: String, _ uses: BlockUses) -> LookedAt {
        // The job works on it from elsewhere, and a checker must not take a name for an option.
        let path = name.hasPrefix("/") ? name : Files.realPath(name) ?? name
        var device = LookedAt(path: path)
        do throws(SystemError) {
            let file = try FileDescriptor(readingWithoutWaiting: path)
            guard let size = file.length(), size > 0 else {
                device.failure = "it is empty or has no medium"
                return device
            }
            // A closure cannot borrow the file, so it opens it again; only few places are read.
            let image = DiskImage(size: size) { offset, count in
                guard let again = try? FileDescriptor(readingWithoutWaiting: path) else {
                    return nil
                }
                return try? again.read(count, at: offset)
            }
            _ = try file.read(512, at: 0)
            device.systems = Backends.superblocks(in: image)
            device.mark = LayerMark(in: image)
            let types = (try? BlockProbe.signatures(at: path)) ?? []
            device.otherTypes = types.filter { type in
                !device.systems.contains { $0.type == type || $0.backend == type }
                    && !["ext2", "ext3", "ext4", "jbd"].contains(type)
            }
            if device.systems.isEmpty, device.otherTypes.isEmpty {
                device.copies = Backends.copies(in: image)
            }
        } catch {
            device.failure = error.reason
            return device
        }
        device.users = uses.words(of: path)
        device.holders = BlockNode(at: path)?.holderPaths ?? []
        return device
    }

    private static func everything(_ uses: BlockUses) -> [LookedAt] {
        BlockNode.all().filter(\.isWorthProbing).map { device($0.namedPath, uses) }
    }

    // MARK: What a target names

    private static func resolve(
        _ target: String, _ uses: BlockUses, _ everything: () -> [LookedAt]
    ) throws(RepairError) -> [LookedAt] {
        if let status = try? FileStatus(of: target) {
            if status.isRegular || status.blockDevice != nil { return [device(target, uses)] }
            let sources = Files.realPath(target).map { uses.sources(mountedAt: $0) } ?? []
            guard !sources.isEmpty else { throw .noSuchTarget(target) }
            return sources.map { device($0, uses) }
        }
        let named = everything().compactMap { device in
            device.match(target).map { (device: device, match: $0) }
        }
        // The file system itself rather than what lies below it and is called the same.
        let best = named.map(\.match).max()
        let found = named.filter { $0.match == best }.map(\.device)
        guard !found.isEmpty else { throw .noSuchTarget(target) }
        return found
    }

    /// Members of the same file systems, arrays and volume groups that nobody named.
    private static func siblings(
        of looked: [LookedAt], _ everything: () -> [LookedAt]
    ) -> [LookedAt] {
        let incomplete = looked.flatMap(\.systems).filter { system in
            system.memberCount
                > looked.filter { device in
                    device.systems.contains { $0.uuid == system.uuid }
                }.count
        }
        let parts = looked.compactMap(\.mark).filter { mark in
            mark.places.count > looked.filter { $0.mark?.isPart(ofSameAs: mark) == true }.count
        }
        guard !incomplete.isEmpty || !parts.isEmpty else { return [] }
        let known = Set(looked.compactMap { Files.realPath($0.path) })
        return everything().filter { device in
            guard !known.contains(Files.realPath(device.path) ?? device.path) else { return false }
            return device.systems.contains { system in
                incomplete.contains { $0.uuid == system.uuid && $0.backend == system.backend }
            } || parts.contains { device.mark?.isPart(ofSameAs: $0) == true }
        }
    }
}
