/// FAT and fsck.vfat, mostly EFI system partitions.
/// Source: Microsoft's FAT specification 1.03; dosfstools src/boot.c, src/check.c.
package struct VFATBackend: Backend {
    package let name = "vfat"
    package let programs = ["fsck.vfat", "fsck.fat"]
    package let package = "dosfstools"
    /// -V makes it verify.
    package let versionArguments: [String] = []
    package let speaksToTerminals = true
    package let traps = [
        "fsck.vfat -a may cut files short, and keeps lost clusters as files FSCK0000.REC."
    ]

    package init() {}

    // MARK: On disk

    package func superblock(in image: DiskImage) -> FileSystem? {
        guard let block = image.read(0, 512), block.le16(510) == 0xAA55 else { return nil }
        let isFAT32 = block.holds("FAT32   ", at: 82)
        guard isFAT32 || block.holds("FAT12   ", at: 54) || block.holds("FAT16   ", at: 54) else {
            return nil
        }
        let sectorSize = UInt64(block.le16(11))
        guard [512, 1024, 2048, 4096].contains(sectorSize) else { return nil }
        let extended = isFAT32 ? 64 : 36
        var found = FileSystem(backend: name, type: "vfat")
        found.uuid = Self.serial(block.le32(extended + 3))
        found.label = block.text(extended + 7, 11)
        found.version = block.text(extended + 18, 8)
        let sectors = block.le16(19) != 0 ? UInt64(block.le16(19)) : UInt64(block.le32(32))
        found.size = sectors &* sectorSize
        // Bit 0: not closed in order; bit 1: the disk had errors.
        let marks = block.u8(extended + 1)
        found.state = marks & 2 != 0 ? .damaged : marks & 1 != 0 ? .unclean : .clean
        return found
    }

    /// As libblkid and Windows write it: `1A2B-3C4D`.
    private static func serial(_ number: UInt32) -> String {
        let digits = String(number, radix: 16, uppercase: true)
        let padded = String(repeating: "0", count: 8 - digits.count) + digits
        return "\(padded.prefix(4))-\(padded.suffix(4))"
    }

    // MARK: The checker

    package func invocation(
        for purpose: Purpose, of system: FileSystem, members: [String], consent: Consent
    ) -> Invocation {
        Invocation("fsck.vfat", ["-v", purpose == .check ? "-n" : "-a"] + members.prefix(1))
    }

    package func meaning(
        ofExit code: Int32, of purpose: Purpose, _ progress: Progress
    ) -> Meaning {
        switch code {
        case 0 where !progress.hasChecked:
            Meaning(8, "fsck.vfat ended with 0 and shows no sign of having checked anything")
        case 0: Meaning(0, "no errors")
        case 1 where !progress.hasChecked: Meaning(8, "fsck.vfat could not read the file system")
        case 1:
            purpose == .check
                ? Meaning(4, "errors were found, and nothing was changed")
                : Meaning(1, "errors were corrected")
        case 2: Meaning(16, "fsck.vfat could not open it or did not understand its command line")
        default: Meaning(8, "exit code \(code), which fsck.vfat does not document")
        }
    }

    // MARK: Its lines

    package func read(_ line: Line) -> [Observation] {
        var line = line
        if line.skip("fsck.fat ") { return [.version((line.upTo(" (") ?? line).text)] }
        if line.contains("Leaving filesystem unchanged") { return [.nothingWritten] }
        if line.starts(with: "Boot sector contents") { return [.phase("boot sector")] }
        if line.contains(" files, "), line.contains(" clusters") {
            return [.ended("files and clusters")]
        }
        if line.skip("Starting check/repair pass") || line.skip("Checking for ") {
            return [.phase("files and clusters")]
        }
        if line.skip("Reclaimed ") { return [.found(1), .fixed(1)] }
        let fixes: [StaticString] = [
            "uto-correcting", "utomatically removing", "utomatically changing", "  Truncating",
            "  Setting ", "  Dropping", "  Fixing", "  Renaming", "  Copying",
            "  Deleting", "  Clearing",
        ]
        if fixes.contains(where: { line.contains($0) }) { return [.fixed(1)] }
        let findings: [StaticString] = [
            "Dirty bit is set", "differences between boot sector", "FATs differ", "wrong",
            "Bad ", "bad ", "shares cluster", "Orphan", "contains a free cluster", "File size is",
            "Start cluster", "does not exist", "invalid", "Duplicate", "Found orphan",
        ]
        if findings.contains(where: { line.contains($0) }) { return [.found(1)] }
        let known: [StaticString] = [
            "System ID", "Media byte", "bytes per", "reserved sector", "First FAT starts",
            "FATs,", "bit entries", "FAT starts", "oot directory", "Data area", "data clusters",
            "sectors/track", "hidden sectors", "sectors total", "Filesystem was changed",
            "Performing changes", "Writing changes", "Reclaiming unconnected", "Checking",
            "to disk",
            "Logical sector", "bytes)",
        ]
        return known.contains { line.contains($0) } ? [.remark] : []
    }
}
