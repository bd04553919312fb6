/// JFS and fsck.jfs.
/// Source: Linux fs/jfs/jfs_superblock.h, fs/jfs/jfs_filsys.h; jfsutils 1.1.15 fsck/, whose messages are in libfs/fsckmsgdef.c.
package struct JFSBackend: Backend {
    package let name = "jfs"
    package let programs = ["fsck.jfs", "jfs_fsck"]
    package let package = "jfsutils"
    package let versionArguments = ["-V"]
    package let speaksToTerminals = true
    package let traps = [
        "The kernel does not replay the log of JFS, and says only 'Invalid argument' to a mount for writing without that; fsck.jfs replays it.",
        "fsck.jfs -n leaves the log as it is and does not say so: what it names may vanish with the replay.",
        "fsck.jfs -f writes even with -n.",
        "fsck.jfs -f ends with 0 also when it has corrected errors.",
    ]

    package init() {}

    // MARK: On disk

    private static let first: UInt64 = 0x8000
    private static let second: UInt64 = 0xF000

    package func superblock(in image: DiskImage) -> FileSystem? {
        superblock(in: image, at: Self.first)
    }

    package func copyOfSuperblock(in image: DiskImage) -> FileSystem? {
        guard var found = superblock(in: image, at: Self.second) else { return nil }
        found.state = .damaged
        found.copy = FileSystem.Copy(block: Self.second / 4096, blockSize: 4096)
        return found
    }

    private func superblock(in image: DiskImage, at offset: UInt64) -> FileSystem? {
        guard let block = image.read(offset, 184), block.holds("JFS1", at: 0),
            [512, 1024, 2048, 4096].contains(block.le32(16))
        else { return nil }
        var found = FileSystem(backend: name, type: "jfs")
        found.uuid = block.uuid(136)
        found.label = block.text(152, 16)
        found.version = "\(block.le32(4))"
        // Counted in blocks of the hardware, without the log at the end.
        found.size = block.le64(8) &* UInt64(block.le32(24))
        let state = block.le32(40)
        let wantsCheck = state & 0x6 != 0
        found.state = wantsCheck ? .damaged : state == 0 ? .clean : .unclean
        found.journal = state == 0 ? .empty : .needsReplay(first: nil, last: nil)
        return found
    }

    // MARK: The checker

    package func invocation(
        for purpose: Purpose, of system: FileSystem, members: [String], consent: Consent
    ) -> Invocation {
        Invocation("fsck.jfs", [purpose == .check ? "-n" : "-f", "-v"] + members.prefix(1))
    }

    package func meaning(
        ofExit code: Int32, of purpose: Purpose, _ progress: Progress
    ) -> Meaning {
        guard code == 0 else { return Meaning(code, FsckBits.words(code)) }
        guard progress.saysSound else {
            return Meaning(
                8, "fsck.jfs ended with 0 and does not say that the file system is clean")
        }
        guard progress.errorsFound > 0 else { return Meaning(0, FsckBits.words(0)) }
        return purpose == .check
            ? Meaning(
                4,
                "fsck.jfs calls it clean and names errors all the same; what stays after a repair it cannot mend"
            )
            : Meaning(1, FsckBits.words(1))
    }

    // MARK: Its lines

    package func read(_ line: Line) -> [Observation] {
        var line = line
        if line.skip("**Phase ") {
            guard let number = line.number(), line.skip(" - ") else { return [] }
            // The ninth comes only where the log could not be replayed.
            let last = number > 8 ? 9 : 8
            return [.phase(line.trimmed.text, number: Int(clamping: number), count: last)]
        }
        if line.upTo(".jfs version ") != nil { return [.version((line.upTo(",") ?? line).text)] }
        return readOutcome(line) ?? readLog(line) ?? readFinding(line)
    }

    private func readOutcome(_ line: Line) -> [Observation]? {
        if line.starts(with: "Filesystem is clean but is marked dirty") { return [.found(1)] }
        if line.starts(with: "Filesystem is clean.") { return [.sound] }
        let known: [StaticString] = [
            "Filesystem is dirty", "Filesystem has been marked", "**** Filesystem was modified",
            // It says so of a clean one, too.
            "All observed inconsistencies", "the results of accessing", "File system checked",
            "processing ", "Superblock marked dirty because",
        ]
        return known.contains { line.starts(with: $0) } ? [.remark] : nil
    }

    private func readLog(_ line: Line) -> [Observation]? {
        if line.starts(with: "logredo failed") { return [.found(1)] }
        return line.starts(with: "LOGREDO:") || line.starts(with: "logredo ") ? [.remark] : nil
    }

    private func readFinding(_ line: Line) -> [Observation] {
        let fixes: [StaticString] = [
            "as been cleared", "as been adjusted", "as been corrected", "as been reset",
            " corrected.", " removed.", " allocated.", "tree created", "as been reconnected",
        ]
        if !line.contains("not allocated"), fixes.contains(where: { line.contains($0) }) {
            return [.fixed(1)]
        }
        let findings: [StaticString] = [
            "nvalid ", "ncorrect ", "orrupt", "rrors detected", "iscrepanc", "nconsisten",
            "not allocated", "not connected", "nallocated", "nonexistent", "llegal", "o paths",
            "ultiple parent", "cross linked", "uplicate ", "ormat error", "cannot repair",
            "is not a correct", "incorrect", "Unable to",
        ]
        if findings.contains(where: { line.contains($0) }) { return [.found(1)] }
        let known: [StaticString] = [
            "The current device", "Open(", "Block size", "Filesystem size", "Primary superblock",
            "Secondary superblock", "The type of file system", "Filesystem Summary",
            "Blocks in use", "Inode count", "File count", "Directory count", "Block count",
            "Free block count", "CANNOT CONTINUE", "ERRORS HAVE BEEN", "The superblock does not",
            "If device", "then both", "and cannot be", "Otherwise,", "logformat ",
            "No \\lost+found",
        ]
        let isKnown =
            line.contains(" kilobytes ") || line.contains(" reconnected to ")
            || line.contains(" is linked as: ") || known.contains { line.starts(with: $0) }
        return isKnown ? [.remark] : []
    }
}
