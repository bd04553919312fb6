import LinuxKit

/// A device as crypttab and fstab name it: a path, or `UUID=`, `LABEL=`, `PARTUUID=`, `PARTLABEL=`.
///
/// `UUID=6f3c*` and `PARTUUID=6f3c*` are LUKS devices and partitions whose UUID begins so, with or without dashes;
/// `SERIAL=` is the LUKS device on the drive with that serial number, or with one of which it is a part.
package enum DeviceSpec {
    package typealias Found = (path: String, superblock: Superblock)

    /// What a name leads to.
    package enum Place: Equatable, Sendable {
        case missing
        /// The device node or file.
        case at(String)
        /// The beginning of a UUID, or a serial number, is that of several.
        case ambiguous([String])
    }

    /// Where the device is that `spec` names, now.
    ///
    /// Links that udev made are believed when they are there; otherwise every block device is looked at.
    /// - Parameter serial: a drive's serial number, by the path of a device.
    package static func look(
        for spec: String, among found: () -> [Found] = probeAll,
        serial: (String) -> String? = { BlockNode(at: $0)?.serialNumber() }
    ) -> Place {
        guard let (tag, value) = split(spec) else {
            return Files.exists(spec) ? .at(spec) : .missing
        }
        guard !value.isEmpty else { return .missing }
        if tag == "SERIAL" { return drive(value, among: found(), serial) }
        if ["UUID", "PARTUUID"].contains(tag), value.hasSuffix("*") {
            let devices = found()
            let uuid: (Found) -> String = {
                tag == "PARTUUID"
                    ? $0.superblock.partitionUUID : isLUKS($0) ? $0.superblock.uuid : ""
            }
            let digits = undashed(value.dropLast())
            let fitting = devices.filter {
                undashed(uuid($0)).hasPrefix(digits) && !uuid($0).isEmpty
            }
            guard let one = fitting.first else { return .missing }
            // The paths to one disk have one UUID, and the whole one says which of them is meant.
            return fitting.allSatisfy { uuid($0) == uuid(one) }
                ? look(for: "\(tag)=\(uuid(one))", among: { devices })
                : .ambiguous(fitting.map(\.path))
        }
        let link = "\(Roots.dev)/disk/by-\(tag.lowercased())/\(encoded(value))"
        if Files.exists(link) { return .at(link) }
        return found().first { matches($0.superblock, tag, value) }.map { .at($0.path) } ?? .missing
    }

    /// The device node or file that `spec` names now, or `nil` while there is none, or more than one.
    package static func resolve(
        _ spec: String, among found: () -> [Found] = probeAll
    ) -> String? {
        guard case .at(let path) = look(for: spec, among: found) else { return nil }
        return path
    }

    private static func drive(
        _ value: String, among found: [Found], _ serial: (String) -> String?
    ) -> Place {
        let drives = found.filter(isLUKS).map { (path: $0.path, serial: serial($0.path) ?? "") }
        let exact = drives.filter { $0.serial == value }
        guard exact.isEmpty else { return place(exact.map(\.path)) }
        let pieces = value.utf8
        return place(drives.filter { contains($0.serial.utf8, pieces) }.map(\.path))
    }

    /// Not `contains(_: String)`: that is part of the regular expressions, 1.3 MB in the static program.
    private static func contains(_ text: String.UTF8View, _ part: String.UTF8View) -> Bool {
        var rest = text[...]
        while rest.count >= part.count {
            if rest.starts(with: part) { return true }
            rest.removeFirst()
        }
        return false
    }

    private static func place(_ paths: [String]) -> Place {
        guard let path = paths.first else { return .missing }
        return paths.count == 1 ? .at(path) : .ambiguous(paths)
    }

    private static func isLUKS(_ found: Found) -> Bool { found.superblock.type == "crypto_LUKS" }

    private static func undashed(_ uuid: some StringProtocol) -> String {
        uuid.lowercased().filter { $0 != "-" }
    }

    /// Every block device on which something is recognised.
    package static func probeAll() -> [Found] {
        BlockNode.all().filter(\.isWorthProbing).compactMap { device in
            guard let superblock = (try? BlockProbe.look(at: device.path)) ?? nil else {
                return nil
            }
            return (device.path, superblock)
        }
    }

    /// `UUID=x` as tag and value, without the quotes that some write; `nil` for a path.
    private static func split(_ spec: String) -> (tag: String, value: String)? {
        for tag in ["UUID", "LABEL", "PARTUUID", "PARTLABEL", "SERIAL"]
        where spec.hasPrefix(tag + "=") {
            let value = spec.dropFirst(tag.count + 1)
            return (tag, String(value.filter { $0 != "\"" }))
        }
        return nil
    }

    private static func matches(_ superblock: Superblock, _ tag: String, _ value: String) -> Bool {
        switch tag {
        case "UUID": superblock.uuid.lowercased() == value.lowercased()
        case "PARTUUID": superblock.partitionUUID.lowercased() == value.lowercased()
        case "LABEL": superblock.label == value
        default: superblock.partitionLabel == value
        }
    }

    /// The characters that udev keeps in the names of its links; all others are written as \xNN.
    /// Source: systemd src/shared/device-nodes.c, allow_listed_char_for_devnode.
    private static func encoded(_ value: String) -> String {
        let kept = Array("#+-.:=@_".utf8)
        return value.utf8.map { byte in
            let isAlphanumeric =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            if isAlphanumeric || kept.contains(byte) || byte >= 0x80 {
                return String(decoding: [byte], as: UTF8.self)
            }
            let digits = String(byte, radix: 16)
            return "\\x" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }
}
