/// F2FS and fsck.f2fs.
/// Source: Linux include/linux/f2fs_fs.h; f2fs-tools fsck/fsck.c.
package struct F2FSBackend: Backend {
    package let name = "f2fs"
    package let programs = ["fsck.f2fs"]
    package let package = "f2fs-tools"
    package let versionArguments: [String] = ["-V"]
    package let speaksToTerminals = true
    package let traps = [
        "fsck.f2fs without -f looks at the checkpoint only and ends.",
        "fsck.f2fs -f repairs without asking.",
    ]

    package init() {}

    // MARK: On disk

    package func superblock(in image: DiskImage) -> FileSystem? {
        guard let block = image.read(1024, 3072), block.le32(0) == 0xF2F5_2010 else { return nil }
        var found = FileSystem(backend: name, type: "f2fs")
        found.uuid = block.uuid(108)
        found.label = Self.utf16(block, 124, 512)
        found.version = "\(block.le16(4)).\(block.le16(6))"
        found.size = block.le64(36) &* 4096
        guard let pack = newestCheckpoint(block, image) else { return found }
        found.sequence = pack.le64(0)
        let flags = pack.le32(132)
        let wasUnmounted = flags & 0x1 != 0
        let hasErrors = flags & 0x8 != 0
        let wantsCheck = flags & 0x10 != 0
        found.state = hasErrors || wantsCheck ? .damaged : wasUnmounted ? .clean : .unclean
        found.journal = wasUnmounted ? .empty : .needsReplay(first: nil, last: nil)
        return found
    }

    /// Two packs take turns; the one with the higher version counts.
    private func newestCheckpoint(_ block: DiskBytes, _ image: DiskImage) -> DiskBytes? {
        guard block.le32(20) <= 16 else { return nil }
        let first = UInt64(block.le32(76)) * 4096
        let second = first + (1 << UInt64(block.le32(20))) * 4096
        let packs = [first, second].compactMap { image.read($0, 4096) }
        return packs.max { $0.le64(0) < $1.le64(0) }
    }

    private static func utf16(_ block: DiskBytes, _ at: Int, _ units: Int) -> String {
        let label = (0..<units).map { block.le16(at + 2 * $0) }.prefix { $0 != 0 }
        return Line(String(decoding: label, as: UTF16.self)).text
    }

    // MARK: The checker

    package func invocation(
        for purpose: Purpose, of system: FileSystem, members: [String], consent: Consent
    ) -> Invocation {
        Invocation("fsck.f2fs", [purpose == .check ? "--dry-run" : "-f"] + members.prefix(1))
    }

    package func meaning(
        ofExit code: Int32, of purpose: Purpose, _ progress: Progress
    ) -> Meaning {
        if code == 0, !progress.hasChecked {
            return Meaning(8, "fsck.f2fs ended with 0 and shows no sign of having checked anything")
        }
        if code == 0, progress.errorsFound > 0 {
            guard purpose == .repair else {
                return Meaning(4, "errors were found, and nothing was changed")
            }
            return progress.errorsFixed > 0
                ? Meaning(1, "errors were corrected")
                : Meaning(4, "errors were found, and none of them was corrected")
        }
        return code == 255
            ? Meaning(8, "fsck.f2fs could not read the file system")
            : Meaning(code, FsckBits.words(code))
    }

    // MARK: Its lines

    package func read(_ line: Line) -> [Observation] {
        var line = line
        if line.skip("[FSCK] ") {
            if line.contains("Max image size") || line.contains("fixing SIT types") {
                return [.remark]
            }
            guard let name = line.upTo("[") else { return [.part(line.trimmed.text)] }
            let step = Observation.ended(name.trimmed.text)
            return line.starts(with: "Fail") ? [step, .found(1)] : [step]
        }
        if line.starts(with: "[ASSERT]") { return [.found(1)] }
        if line.starts(with: "[FIX]") { return [.fixed(1)] }
        let known: [StaticString] = [
            "Info:", "  \"", "  from \"", "    to \"", "Done:", "NID[", "- File",
        ]
        return known.contains { line.starts(with: $0) } ? [.remark] : []
    }
}
