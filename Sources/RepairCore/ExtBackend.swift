/// ext2, ext3, ext4 and e2fsck.
/// Source: Linux Documentation/filesystems/ext4/super.rst and journal.rst; e2fsprogs e2fsck/unix.c.
package struct ExtBackend: Backend {
    package let name = "ext"
    package let programs = ["e2fsck"]
    package let package = "e2fsprogs"
    package let versionArguments: [String] = ["-V"]
    package let traps = [
        "e2fsck -n does not replay the journal, so that it may name errors that the replay removes, and exits 0.",
        "A read-only mount replays the journal too, and so writes.",
        "e2fsck's undo file (-z) does not help after a power cut.",
    ]

    package init() {}

    // MARK: On disk

    private enum Feature {
        static let hasJournal: UInt32 = 0x4  // compatible
        static let needsRecovery: UInt32 = 0x4  // incompatible
        static let extents: UInt32 = 0x40  // incompatible
        static let is64Bit: UInt32 = 0x80  // incompatible
        static let checksums: UInt32 = 0x400  // read-only compatible
    }

    package func superblock(in image: DiskImage) -> FileSystem? {
        guard let block = image.read(1024, 1024), block.le16(56) == 0xEF53 else { return nil }
        return describe(block, in: image)
    }

    /// The first copy lies at the start of block group 1: 8 * blockSize blocks on, one more with blocks of 1 KiB.
    package func copyOfSuperblock(in image: DiskImage) -> FileSystem? {
        for (index, blockSize) in [UInt64(4096), 1024, 2048].enumerated() {
            let block = blockSize * 8 + (blockSize == 1024 ? 1 : 0)
            guard let bytes = image.read(block * blockSize, 1024), bytes.le16(56) == 0xEF53,
                bytes.le32(24) == [2, 0, 1][index], bytes.le16(90) == 1,
                var found = describe(bytes, in: image), found.checksumFits != false
            else { continue }
            found.copy = FileSystem.Copy(block: block, blockSize: blockSize)
            found.state = .damaged
            return found
        }
        return nil
    }

    private func describe(_ block: DiskBytes, in image: DiskImage) -> FileSystem? {
        let compatible = block.le32(92)
        let incompatible = block.le32(96)
        let logBlockSize = block.le32(24)
        guard logBlockSize <= 6 else { return nil }
        let hasJournal = compatible & Feature.hasJournal != 0
        let isExt4 = incompatible & (Feature.extents | Feature.is64Bit) != 0 || block.le32(100) >= 8
        var found = FileSystem(
            backend: name, type: isExt4 ? "ext4" : hasJournal ? "ext3" : "ext2")
        found.uuid = block.uuid(104)
        found.label = block.text(120, 16)
        let high = incompatible & Feature.is64Bit != 0 ? UInt64(block.le32(336)) << 32 : 0
        found.size = (high | UInt64(block.le32(4))) &* (1024 << UInt64(logBlockSize))
        if block.le32(100) & Feature.checksums != 0 {
            found.checksumFits = block.crc32c(0..<1020) == block.le32(1020)
        }
        found.recordedErrors = UInt64(block.le32(404))
        found.lastErrorAt = block.le32(460) == 0 ? nil : UInt64(block.le32(460))
        found.lastMountedAt = block.le32(44) == 0 ? nil : UInt64(block.le32(44))
        let mountPoint = block.text(136, 64)
        found.lastMountPoint = mountPoint.isEmpty ? nil : mountPoint

        if hasJournal {
            let journal = ExtJournal(of: block, blockSize: 1024 << UInt64(logBlockSize), image)
            found.sequence = journal?.sequence
            if incompatible & Feature.needsRecovery != 0 {
                let last = journal?.lastCommitted()
                found.journal = .needsReplay(first: found.sequence, last: last)
                found.sequence = last ?? found.sequence
            } else {
                found.journal = journal == nil ? .unknown : .empty
            }
        }
        let isMarkedValid = block.le16(58) & 1 != 0
        let hasErrors = block.le16(58) & 2 != 0
        found.state =
            hasErrors || found.checksumFits == false
            ? .damaged
            : incompatible & Feature.needsRecovery != 0 || !isMarkedValid ? .unclean : .clean
        return found
    }

    // MARK: The checker

    package func invocation(
        for purpose: Purpose, of system: FileSystem, members: [String], consent: Consent
    ) -> Invocation {
        var arguments = ["-f", purpose == .check ? "-n" : "-y", "-C", "3"]
        if let copy = system.copy {
            arguments += ["-b", "\(copy.block)", "-B", "\(copy.blockSize)"]
        }
        return Invocation("e2fsck", arguments + members.prefix(1), progressDescriptor: true)
    }

    package func kernelMount(for purpose: Purpose, of system: FileSystem) -> KernelMount? {
        purpose == .repair ? KernelMount(type: system.type, options: "") : nil
    }

    package func meaning(
        ofExit code: Int32, of purpose: Purpose, _ progress: Progress
    ) -> Meaning {
        guard code != 0 || progress.hasChecked else {
            return Meaning(8, "e2fsck ended with 0 and shows no sign of having checked anything")
        }
        if purpose == .check, code == 0, progress.errorsFound > 0 {
            return Meaning(
                4,
                "e2fsck ended with 0 but named \(progress.errorsFound) errors"
                    + (progress.journal.skipped ? " with the journal not replayed" : ""))
        }
        if code == 0, progress.journal.replayed {
            return Meaning(0, "no errors once the journal was replayed")
        }
        return Meaning(code, FsckBits.words(code))
    }

    // MARK: Its lines

    package func stripped(_ line: Line) -> Line { KernelPrefix.stripped(line) }

    package func read(_ line: Line) -> [Observation] {
        counts(line) ?? bar(line) ?? kernel(line) ?? words(line)
    }

    /// `PASS CURRENT MAXIMUM DEVICE`, from the progress descriptor.
    private func counts(_ line: Line) -> [Observation]? {
        var line = line
        guard let pass = line.number(), (1...5).contains(pass), let done = line.number(),
            let total = line.number(), line.skip(" ")
        else { return nil }
        return [
            .phase(Self.passes[Int(pass) - 1], number: Int(pass), count: 5),
            .amount(done: done, total: total, unit: pass == 3 ? "directories" : "groups"),
            .share(share(of: Int(pass), done, total)),
        ]
    }

    /// Passes end at 70, 90, 92, 95 and 100 % of the whole (e2fsck/unix.c, calc_percent).
    private func share(of pass: Int, _ done: UInt64, _ total: UInt64) -> UInt64 {
        let ends: [UInt64] = [0, 7000, 9000, 9200, 9500, 10000]
        let width = ends[pass] - ends[pass - 1]
        guard total > 0 else { return ends[pass - 1] }
        let (product, overflows) = min(done, total).multipliedReportingOverflow(by: width)
        guard !overflows else { return ends[pass - 1] }
        return ends[pass - 1] + product / total
    }

    /// `DEVICE: |=====    |  2.2%`, from a terminal.
    private func bar(_ line: Line) -> [Observation]? {
        var line = line
        guard line.upTo(": |") != nil, line.upTo("|") != nil, let share = line.hundredths(),
            line.skip("%")
        else { return nil }
        return [.share(share)]
    }

    /// Source: Linux fs/ext4/super.c and fs/jbd2/recovery.c.
    private func kernel(_ line: Line) -> [Observation]? {
        var line = line
        if line.skip("JBD2: ") { return [.remark] }
        guard line.skip("EXT4-fs ") else { return nil }
        if line.contains("recovery complete") {
            return [.phase("journal recovery"), .ended("journal recovery"), .journalReplayed]
        }
        if line.contains("mounted filesystem") { return [.sound] }
        return line.starts(with: "error ") ? [.found(1)] : [.remark]
    }

    private func words(_ line: Line) -> [Observation] {
        var line = line
        if line.skip("Pass "), let pass = line.number(), (1...5).contains(pass) {
            return [.phase(Self.passes[Int(pass) - 1], number: Int(pass), count: 5)]
        }
        if line.ends(with: "? yes") || line.ends(with: "? yes ") { return [.found(1), .fixed(1)] }
        if line.ends(with: "? no") || line.ends(with: "? no ") { return [.found(1)] }
        let preened: [StaticString] = [
            "  FIXED.", "  CLEARED.", "RELOCATED.", "  ABORTED.", "EXPANDED.", "SPLIT.",
            "SALVAGED.",
            "TRUNCATED.", "RECONNECTED.", "CREATED.", "DELETED.", "REBUILT.",
        ]
        if preened.contains(where: { line.ends(with: $0) }) { return [.found(1), .fixed(1)] }
        if line.contains("UNEXPECTED INCONSISTENCY") { return [.found(1)] }
        if line.ends(with: "recovering journal") {
            return [.phase("recovering journal"), .journalReplayed]
        }
        if line.contains("skipping journal recovery") { return [.journalSkipped] }
        if line.contains(": clean, ") { return [.sound] }
        if line.skip("e2fsck "), let major = line.identifier() {
            return [.version("\(major)\(line.upTo(" (")?.text ?? "")")]
        }
        let known: [StaticString] = [
            "FILE SYSTEM WAS MODIFIED", " files (", "Connect to /lost+found", "Unattached inode",
            "WARNING: Filesystem still has errors",
        ]
        return known.contains { line.contains($0) } ? [.remark] : []
    }

    private static let passes = [
        "inodes, blocks and sizes", "directory structure", "directory connectivity",
        "reference counts", "group summaries",
    ]
}
