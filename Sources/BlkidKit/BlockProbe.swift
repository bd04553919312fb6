import CBlkid
import Glibc

/// Looks at devices and image files through libblkid; reads only.
package enum BlockProbe {
    /// libblkid's version, for `davit version`.
    package static var version: String {
        var text: UnsafePointer<CChar>?
        blkid_get_library_version(&text, nil)
        return text.map { String(cString: $0) } ?? "unknown"
    }

    /// What is on `path`; `nil` when nothing is recognised.
    /// - Throws: `.cannotOpen`, `.cannotRead` or `.ambiguous`.
    package static func look(at path: String) throws(BlkidError) -> Superblock? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        guard let probe = blkid_new_probe() else { throw .cannotRead(path: path) }
        defer { blkid_free_probe(probe) }
        guard blkid_probe_set_device(probe, descriptor, 0, 0) == 0 else {
            throw .cannotRead(path: path)
        }
        blkid_probe_enable_superblocks(probe, 1)
        blkid_probe_set_superblocks_flags(
            probe,
            BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_USAGE
                | BLKID_SUBLKS_VERSION)
        blkid_probe_enable_partitions(probe, 1)
        blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS)

        switch blkid_do_safeprobe(probe) {
        case 0: break
        case 1: return nil
        case -2: throw .ambiguous(path: path)
        default: throw .cannotRead(path: path)
        }
        func value(_ name: String) -> String {
            var text: UnsafePointer<CChar>?
            guard blkid_probe_lookup_value(probe, name, &text, nil) == 0, let text else {
                return ""
            }
            return String(cString: text)
        }
        var found = Superblock()
        found.type = value("TYPE")
        found.uuid = value("UUID")
        found.label = value("LABEL")
        found.version = value("VERSION")
        found.usage = value("USAGE")
        found.partitionUUID = value("PART_ENTRY_UUID")
        found.partitionLabel = value("PART_ENTRY_NAME")
        return found == Superblock() ? nil : found
    }

    /// The types of every format that leaves its marks on `path`, in libblkid's order and each once: what `look` calls
    /// ambiguous is all named here.
    /// - Throws: `.cannotOpen` or `.cannotRead`.
    package static func signatures(at path: String) throws(BlkidError) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        guard let probe = blkid_new_probe() else { throw .cannotRead(path: path) }
        defer { blkid_free_probe(probe) }
        guard blkid_probe_set_device(probe, descriptor, 0, 0) == 0 else {
            throw .cannotRead(path: path)
        }
        blkid_probe_enable_superblocks(probe, 1)
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE)
        var types: [String] = []
        while true {
            switch blkid_do_probe(probe) {
            case 0: break
            case 1: return types
            default: throw .cannotRead(path: path)
            }
            var text: UnsafePointer<CChar>?
            guard blkid_probe_lookup_value(probe, "TYPE", &text, nil) == 0, let text else {
                continue
            }
            let type = String(cString: text)
            if !types.contains(type) { types.append(type) }
        }
    }
}
