import CBlkid

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
        let probe = try Probe(of: path)
        blkid_probe_enable_superblocks(probe.handle, 1)
        blkid_probe_set_superblocks_flags(
            probe.handle,
            BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_USAGE
                | BLKID_SUBLKS_VERSION)
        blkid_probe_enable_partitions(probe.handle, 1)
        blkid_probe_set_partitions_flags(probe.handle, BLKID_PARTS_ENTRY_DETAILS)
        guard try probe.finds(blkid_do_safeprobe) else { return nil }
        var found = Superblock()
        found.type = probe.value("TYPE") ?? ""
        found.uuid = probe.value("UUID") ?? ""
        found.label = probe.value("LABEL") ?? ""
        found.version = probe.value("VERSION") ?? ""
        found.usage = probe.value("USAGE") ?? ""
        found.partitionUUID = probe.value("PART_ENTRY_UUID") ?? ""
        found.partitionLabel = probe.value("PART_ENTRY_NAME") ?? ""
        return found == Superblock() ? nil : found
    }

    /// The types of every format that leaves its marks on `path`, in libblkid's order and each once: what `look` calls
    /// ambiguous is all named here.
    /// - Throws: `.cannotOpen` or `.cannotRead`.
    package static func signatures(at path: String) throws(BlkidError) -> [String] {
        let probe = try Probe(of: path)
        blkid_probe_enable_superblocks(probe.handle, 1)
        blkid_probe_set_superblocks_flags(probe.handle, BLKID_SUBLKS_TYPE)
        var types: [String] = []
        while try probe.finds(blkid_do_probe) {
            if let type = probe.value("TYPE"), !types.contains(type) { types.append(type) }
        }
        return types
    }
}
