import BlkidKit
import CryptKit
import LinuxKit
import UnlockCore

/// What there is to unlock: cryptroot's crypttab; else what the kernel's command line and /etc/crypttab ask for; else
/// every LUKS header.
package struct Inventory: Sendable {
    package private(set) var items: [UnlockItem] = []
    /// What is wrong with the crypttab or the command line, a sentence for each.
    package private(set) var complaints: [String] = []
    /// Names that nobody knows.
    package private(set) var unknown: [String] = []

    /// Where the wishes are written.
    package struct Sources: Sendable {
        package var cryptroot = "/cryptroot/crypttab"
        package var crypttab = "/etc/crypttab"
        package var kernelLine = Roots.proc + "/cmdline"
        package init() {}
    }

    /// - Parameter names: mappings, devices or UUIDs; empty means everything of the first source that has anything.
    package init(of names: [String] = [], in sources: Sources = Sources()) {
        let probed = Probed()
        let devices = BlockNode.all()
        var targets = read(sources.cryptroot, .cryptroot)
        if !names.isEmpty {
            targets = find(names, targets, sources, probed)
        } else if targets.isEmpty {
            targets = wishes(sources)
            if targets.isEmpty, !isDisabled { targets = Self.superblocks(probed) }
        }
        items = targets.map { Self.examine($0, devices, probed, isNamed: !names.isEmpty) }
    }

    private var isDisabled = false

    /// What the command line and /etc/crypttab ask for unasked.
    private mutating func wishes(_ sources: Sources) -> [UnlockTarget] {
        let line = KernelLine(parsing: (try? Files.read(sources.kernelLine)) ?? [])
        complaints += line.complaints
        isDisabled = line.isDisabled
        if isDisabled {
            complaints.append("The kernel line has rd.luks=0: only what is named is opened.")
        }
        let entries = read(sources.crypttab, .crypttab).map(\.entry)
        return line.targets(crypttab: entries, isInitramfs: Host.isInitramfs).filter {
            $0.origin != .crypttab || !$0.entry.options.isNotAutomatic
        }
    }

    private mutating func find(
        _ names: [String], _ initramfs: [UnlockTarget], _ sources: Sources, _ probed: Probed
    ) -> [UnlockTarget] {
        let line = KernelLine(parsing: (try? Files.read(sources.kernelLine)) ?? [])
        let system = read(sources.crypttab, .crypttab)
        let known =
            initramfs + line.targets(crypttab: system.map(\.entry), isInitramfs: false) + system
        var targets: [UnlockTarget] = []
        for name in names {
            let found =
                known.first { $0.name == name }
                ?? known.first { Self.isSource($0, name, probed) }
                ?? Self.superblocks(probed).first { Self.matches($0, name) }
                ?? Self.file(name) ?? Self.absent(name)
            if let found {
                if !targets.contains(where: { $0.name == found.name }) { targets.append(found) }
            } else {
                unknown.append(name)
            }
        }
        return targets
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

    /// Writes the state files, and reads in them since when each state holds.
    mutating func writeDown() {
        for index in items.indices where !items[index].reopens {
            let since = StateFile.update(items[index])["since"]?.int
            items[index].since = since.map { .milliseconds($0) }
        }
    }

    private mutating func read(_ path: String, _ origin: UnlockTarget.Origin) -> [UnlockTarget] {
        guard let bytes = try? Files.read(path) else { return [] }
        let tab = CryptTab(parsing: bytes)
        complaints += tab.complaints
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

    /// A device that is no LUKS device of the list: BitLocker, an image file, a link to a device.
    private static func file(_ path: String) -> UnlockTarget? {
        guard path.hasPrefix("/") || path.hasPrefix("./"), Files.exists(path) else { return nil }
        let last = path.split(separator: "/").last.map { String($0) } ?? path
        if let header = try? DeviceHeader(path: path, header: nil, .luks) {
            return target("luks-" + header.uuid, path, "luks")
        }
        let isBitLocker = (try? DeviceHeader(path: path, header: nil, .bitlk)) != nil
        return target(last, path, isBitLocker ? "bitlk" : "luks")
    }

    /// A device that is not there, or not any more: only a path or a UUID can still come.
    private static func absent(_ name: String) -> UnlockTarget? {
        if name.hasPrefix("/dev/") {
            let last = name.split(separator: "/").last.map { String($0) } ?? name
            return target(last, name, "luks", .named)
        }
        var uuid = Substring(name)
        for prefix in ["luks-", "UUID="] where uuid.hasPrefix(prefix) {
            uuid = uuid.dropFirst(prefix.count)
        }
        let groups = uuid.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.count) == [8, 4, 4, 4, 12],
            groups.joined().allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { return nil }
        return target("luks-\(uuid)", "UUID=\(uuid)", "luks", .named)
    }

    private static func target(
        _ name: String, _ path: String, _ type: String, _ origin: UnlockTarget.Origin = .superblock
    ) -> UnlockTarget {
        let options = UnlockOptions(parsing: Array(type.utf8))
        return UnlockTarget(
            .init(name: name, source: path, key: "none", options: options), origin)
    }

    private static func examine(
        _ target: UnlockTarget, _ devices: [BlockNode], _ probed: Probed, isNamed: Bool
    ) -> UnlockItem {
        var detached: String?
        func item(
            _ state: UnlockItem.State, _ device: String? = nil, _ header: DeviceHeader? = nil
        ) -> UnlockItem {
            UnlockItem(
                target: target, state: state, device: device, header: detached, type: header?.type,
                costliest: header?.costliest)
        }
        if Surroundings.openMappings(devices).contains(target.name) {
            return item(
                .open(as: target.name), DeviceSpec.resolve(target.entry.source) { probed.all })
        }
        // Who names it wants it opened with a passphrase, whatever key file the system would use.
        if let reason = target.leftAlone(keyExists: { !isNamed && Files.exists($0) }) {
            return item(.leftToSystem(reason))
        }
        let entry = target.entry
        let path: String
        switch DeviceSpec.look(for: entry.source, among: { probed.all }) {
        case .at(let found): path = found
        case .missing: return item(.waitingForSource(missing: entry.source))
        case .ambiguous(let paths): return item(.failed(ambiguity(entry.source, paths)))
        }
        if let header = entry.options.header {
            detached = DeviceSpec.resolve(header, among: { probed.all })
            guard detached != nil else {
                return item(.waitingForSource(missing: "its header \(header)"), path)
            }
        }
        do throws(CryptError) {
            let format: CryptFormat
            switch entry.options.format {
            case .luks: format = .luks
            case .bitlk: format = .bitlk
            // Nothing shows without the passphrase.
            case .tcrypt, .other: return item(.locked, path)
            }
            let header = try DeviceHeader(path: path, header: detached, format)
            if let mapping = header.mapping(among: devices) {
                return item(.open(as: mapping), path, header)
            }
            return item(.locked, path, header)
        } catch .away(let path, let reason) {
            return item(.waitingForSource(missing: "a readable \(path) (\(reason))"))
        } catch {
            return item(.failed(error.description), path)
        }
    }
}

extension Inventory {
    private static func ambiguity(_ source: String, _ paths: [String]) -> String {
        "\(source) fits \(paths.joined(separator: " and ")): the kernel line must name one of them by its whole UUID (rd.luks.uuid=). Until then name the device: 'davit unlock \(paths.first ?? source)'."
    }
}

/// What libblkid found on all devices, looked for at most once.
private final class Probed {
    lazy var all = DeviceSpec.probeAll()
}

/// What the inventory needs of a header.
private struct DeviceHeader {
    let type: String
    let uuid: String
    let costliest: Keyslot?

    init(path: String, header: String?, _ format: CryptFormat) throws(CryptError) {
        let device = try CryptDevice(path: path, header: header, format: format, for: .look)
        type = device.type
        uuid = device.uuid
        costliest = device.keyslots.max { left, right in
            (left.memoryKiB, left.iterations) < (right.memoryKiB, right.iterations)
        }
    }

    /// The mapping that holds this header's device open, under whatever name.
    /// Source: cryptsetup lib/libdevmapper.c, dm_prepare_uuid: CRYPT-LUKS2-UUIDWITHOUTDASHES-NAME.
    func mapping(among devices: [BlockNode]) -> String? {
        guard !uuid.isEmpty else { return nil }
        let prefix = "CRYPT-\(type)-\(uuid.filter { $0 != "-" })-"
        return devices.first {
            $0.sectors > 0 && $0.mapperUUID?.hasPrefix(prefix) == true
        }?.mapperName
    }
}
