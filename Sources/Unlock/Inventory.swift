import BlkidKit
import CryptKit
import LinuxKit
import UnlockCore

/// What there is to unlock: cryptroot's crypttab, entries of /etc/crypttab that are named, or every LUKS header.
package struct Inventory: Sendable {
    package private(set) var items: [UnlockItem] = []
    /// What is wrong with the crypttab, a sentence for each.
    package private(set) var complaints: [String] = []
    /// Names that nobody knows.
    package private(set) var unknown: [String] = []

    /// Where the wishes are written.
    package struct Sources: Sendable {
        package var cryptroot = "/cryptroot/crypttab"
        package var crypttab = "/etc/crypttab"
        package init() {}
    }

    /// - Parameter names: mappings, devices or UUIDs; empty means everything of the first source that has anything.
    package init(of names: [String] = [], in sources: Sources = Sources()) {
        let probed = Probed()
        let devices = BlockDevices.all()
        let initramfs = read(sources.cryptroot, .cryptroot)
        var targets = initramfs
        if !names.isEmpty {
            targets = []
            let system = read(sources.crypttab, .crypttab)
            for name in names {
                let found =
                    (initramfs + system).first { $0.name == name }
                    ?? (initramfs + system).first { Self.isSource($0, name, probed) }
                    ?? Self.superblocks(probed).first { Self.matches($0, name) }
                    ?? Self.file(name)
                if let found {
                    if !targets.contains(where: { $0.name == found.name }) { targets.append(found) }
                } else {
                    unknown.append(name)
                }
            }
        } else if targets.isEmpty {
            targets = Self.superblocks(probed)
        }
        items = targets.map { Self.examine($0, devices, probed) }
    }

    /// Marks what cryptroot asks for, without end, although it is open: only closing and feeding it helps.
    mutating func markReopening(_ seen: AttemptMachine.Observation) {
        guard let asking = seen.asking, seen.open.contains(asking.name) else { return }
        for index in items.indices
        where items[index].name == asking.name && items[index].isOpen
            && items[index].target.entry.options.tries == 0
            && items[index].target.origin == .cryptroot
        {
            items[index].reopens = true
        }
    }

    private mutating func read(_ path: String, _ origin: UnlockTarget.Origin) -> [UnlockTarget] {
        guard let bytes = try? Files.read(path) else { return [] }
        let tab = CryptTab(parsing: bytes)
        if origin == .cryptroot { complaints += tab.complaints }
        return tab.entries.map { UnlockTarget($0, origin) }
    }

    /// Every LUKS header on a block device, named as udisks names its mapping.
    private static func superblocks(_ probed: Probed) -> [UnlockTarget] {
        probed.all.filter { $0.superblock.type == "crypto_LUKS" }.map { found in
            UnlockTarget(
                .init(
                    name: "luks-" + found.superblock.uuid, source: found.path, key: "none",
                    options: UnlockOptions()), .superblock)
        }
    }

    /// Whether a path leads to the device that the entry names, by whatever name.
    private static func isSource(
        _ target: UnlockTarget, _ path: String, _ probed: Probed
    ) -> Bool {
        guard path.hasPrefix("/") else { return target.entry.source == path }
        guard let source = DeviceSpec.resolve(target.entry.source, among: { probed.all }) else {
            return false
        }
        return Files.isSame(source, path)
    }

    private static func matches(_ target: UnlockTarget, _ name: String) -> Bool {
        target.name == name || target.name == "luks-" + name || target.entry.source == name
    }

    /// A path that is no block device of the list: an image file, or a link to a device.
    private static func file(_ path: String) -> UnlockTarget? {
        guard path.hasPrefix("/") || path.hasPrefix("./"), Files.exists(path) else { return nil }
        let name = (try? LUKSHeader(path: path, header: nil)).map { "luks-" + $0.uuid }
        let last = path.split(separator: "/").last.map { String($0) }
        return UnlockTarget(
            .init(
                name: name ?? last ?? path, source: path, key: "none", options: UnlockOptions()),
            .superblock)
    }

    private static func examine(
        _ target: UnlockTarget, _ devices: [BlockDevice], _ probed: Probed
    ) -> UnlockItem {
        func item(
            _ state: UnlockItem.State, _ device: String? = nil, _ header: LUKSHeader? = nil
        ) -> UnlockItem {
            UnlockItem(
                target: target, state: state, device: device, type: header?.type,
                costliest: header?.costliest)
        }
        if Surroundings.openMappings(devices).contains(target.name) {
            return item(
                .open(as: target.name), DeviceSpec.resolve(target.entry.source) { probed.all })
        }
        if let reason = target.leftAlone(keyExists: Files.exists) {
            return item(.leftToSystem(reason))
        }
        let entry = target.entry
        guard let path = DeviceSpec.resolve(entry.source, among: { probed.all }) else {
            return item(.waitingForSource(missing: entry.source))
        }
        if let header = entry.options.header, !Files.exists(header) {
            return item(.waitingForSource(missing: "its header \(header)"), path)
        }
        do throws(LUKSError) {
            let header = try LUKSHeader(path: path, header: entry.options.header)
            if let mapping = header.mapping(among: devices) {
                return item(.open(as: mapping), path, header)
            }
            return item(.locked, path, header)
        } catch {
            return item(.failed(error.description), path)
        }
    }
}

/// What libblkid found on all devices, looked for at most once.
private final class Probed {
    lazy var all = DeviceSpec.probeAll()
}

/// What the inventory needs of a header.
private struct LUKSHeader {
    let type: String
    let uuid: String
    let costliest: Keyslot?

    init(path: String, header: String?) throws(LUKSError) {
        let device = try LUKSDevice(path: path, header: header)
        type = device.type
        uuid = device.uuid
        costliest = device.keyslots.max { left, right in
            (left.memoryKiB, left.iterations) < (right.memoryKiB, right.iterations)
        }
    }

    /// The mapping that holds this header's device open, under whatever name.
    /// Source: cryptsetup lib/libdevmapper.c, dm_prepare_uuid: CRYPT-LUKS2-UUIDWITHOUTDASHES-NAME.
    func mapping(among devices: [BlockDevice]) -> String? {
        guard !uuid.isEmpty else { return nil }
        let prefix = "CRYPT-\(type)-\(uuid.filter { $0 != "-" })-"
        return devices.first {
            $0.sectors > 0 && $0.mapperUUID?.hasPrefix(prefix) == true
        }?.mapperName
    }
}
