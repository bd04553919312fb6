import LinuxKit

/// A device as crypttab and fstab name it: a path, or `UUID=`, `LABEL=`, `PARTUUID=`, `PARTLABEL=`.
package enum DeviceSpec {
    /// The device node or file that `spec` names now, or `nil` while there is none.
    ///
    /// Links that udev made are believed when they are there; otherwise every block device is looked at.
    package static func resolve(
        _ spec: String, among found: () -> [(path: String, superblock: Superblock)] = probeAll
    ) -> String? {
        guard let (tag, value) = split(spec) else {
            return Files.exists(spec) ? spec : nil
        }
        let link = "\(Roots.dev)/disk/by-\(tag.lowercased())/\(encoded(value))"
        if Files.exists(link) { return link }
        return found().first { matches($0.superblock, tag, value) }?.path
    }

    /// Every block device on which something is recognised.
    package static func probeAll() -> [(path: String, superblock: Superblock)] {
        BlockNode.all().filter(\.isWorthProbing).compactMap { device in
            guard let superblock = (try? BlockProbe.look(at: device.path)) ?? nil else {
                return nil
            }
            return (device.path, superblock)
        }
    }

    /// `UUID=x` as tag and value, without the quotes that some write; `nil` for a path.
    private static func split(_ spec: String) -> (tag: String, value: String)? {
        for tag in ["UUID", "LABEL", "PARTUUID", "PARTLABEL"] where spec.hasPrefix(tag + "=") {
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
