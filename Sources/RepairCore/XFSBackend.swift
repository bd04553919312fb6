/// XFS and xfs_repair.
/// Source: Linux fs/xfs/libxfs/xfs_format.h and xfs_log_format.h; xfsprogs repair/progress.c.
package struct XFSBackend: Backend {
    package let name = "xfs"
    package let programs = ["xfs_repair"]
    package let package = "xfsprogs"
    package let versionArguments: [String] = ["-V"]
    package let traps = [
        "xfs_repair refuses a log that is not replayed: mount the file system once and unmount it first.",
        "xfs_repair -n ignores the log, so that it names errors that a replay removes.",
        "xfs_repair -L throws the newest metadata away.",
        "fsck.xfs checks nothing and exits 0.",
    ]

    package init() {}

    // MARK: On disk

    package func superblock(in image: DiskImage) -> FileSystem? {
        guard let block = image.read(0, 512), block.holds("XFSB", at: 0) else { return nil }
        let blockSize = UInt64(block.be32(4))
        let sectorSize = Int(block.be16(102))
        var found = FileSystem(backend: name, type: "xfs")
        found.uuid = block.uuid(32)
        found.label = block.text(108, 12)
        found.version = "\(block.be16(100) & 0xf)"
        found.size = block.be64(8) &* blockSize
        found.groups = UInt64(block.be32(88))
        if block.be16(100) & 0xf == 5, let sector = image.read(0, max(512, sectorSize)) {
            let crc = ~sector.crc32c(0..<sector.count, zeroed: 224..<228)
            found.checksumFits = crc == sector.le32(224)
        }
        let log = XFSLog(superblock: block, in: image)
        found.sequence = log?.lastRecord
        found.journal = log?.journal ?? (block.be64(48) == 0 ? .elsewhere : .unknown)
        let needsRepair = block.be16(100) & 0xf == 5 && block.be32(216) & 0x10 != 0
        let isHalfMade = block.u8(126) != 0
        found.state =
            needsRepair || isHalfMade || found.checksumFits == false
            ? .damaged : log.map { $0.journal.isToBeReplayed ? .unclean : .clean } ?? .unknown
        return found
    }

    // MARK: The checker

    package func invocation(
        for purpose: Purpose, of system: FileSystem, members: [String], consent: Consent
    ) -> Invocation {
        // Without ag_stride xfs_repair reports nothing. A stride of all groups keeps it at one thread, as without.
        var arguments = ["-t", "5", "-o", "ag_stride=\(max(1, system.groups))"]
        switch purpose {
        case .check: arguments.append("-n")
        case .repair: if consent.discardLog { arguments.append("-L") }
        }
        return Invocation("xfs_repair", arguments + members.prefix(1))
    }

    package func cannotBeUndone(_ system: FileSystem, consent: Consent) -> [String] {
        guard consent.discardLog else { return [] }
        return ["The log is thrown away, and with it the newest changes to files and directories."]
    }

    package func before(_ purpose: Purpose, _ system: FileSystem) -> [String] {
        if system.journal == .elsewhere {
            return [
                "The log is on another device, which the superblock does not name: only 'xfs_repair -l LOG DEVICE' and 'mount -o logdev=LOG' can use it, and davit does not."
            ]
        }
        guard system.journal.isToBeReplayed else { return [] }
        if case .logNeedsReplay(let range) = system.journal, range.obstacle != nil {
            return [
                "The kernel will not replay this log: save what 'mount -o ro,norecovery' can reach; then --discard-log throws the log away."
            ]
        }
        return [
            "The log holds changes: mount it once and unmount it, so that the kernel replays them ('--run --kernel' does that). xfs_repair refuses until then."
        ]
    }

    package func kernelMount(for purpose: Purpose, of system: FileSystem) -> KernelMount? {
        purpose == .repair ? KernelMount(type: system.type, options: "") : nil
    }

    /// Its twin below the overlay has the same UUID.
    package func readOnlyMount(of system: FileSystem) -> KernelMount {
        KernelMount(type: system.type, options: "ro,nouuid")
    }

    package func meaning(
        ofExit code: Int32, of purpose: Purpose, _ progress: Progress
    ) -> Meaning {
        switch (code, purpose) {
        case (2, _):
            return Meaning(4, "the log has to be replayed first, by a mount; nothing was changed")
        case (0, _) where !progress.hasChecked:
            return Meaning(
                8, "xfs_repair ended with 0 and shows no sign of having checked anything")
        case (0, .check): return Meaning(0, "no errors")
        case (0, .repair):
            return progress.errorsFound > 0 || progress.journal.discarded
                ? Meaning(1, "errors were corrected") : Meaning(0, "no errors")
        case (1, .check): return Meaning(4, "errors were found, and nothing was changed")
        case (4, .check): return Meaning(4, "errors were found, and nothing was changed")
        case (4, .repair): return Meaning(1, "errors were corrected")
        case (1, .repair): return Meaning(8, "xfs_repair stopped on an error; run it again")
        default: return Meaning(8, "exit code \(code), which xfs_repair does not document")
        }
    }

    // MARK: Its lines

    package func stripped(_ line: Line) -> Line { KernelPrefix.stripped(line) }

    package func read(_ line: Line) -> [Observation] {
        phase(line) ?? item(line) ?? kernel(line) ?? finding(line)
    }

    /// `Phase 3 - for each AG...`, or `Phase 3: 40% done - estimated remaining time 2 minutes, 5 seconds`.
    private func phase(_ line: Line) -> [Observation]? {
        var line = line
        guard line.skip("Phase "), let number = line.number(), (1...7).contains(number) else {
            return nil
        }
        if line.skip(" - ") {
            let name = line.upTo("...")?.text ?? line.text
            return [.phase(name, number: Int(number), count: 7)]
        }
        // The table at the end has `Phase 3:` too, followed by dates.
        guard line.skip(": "), line.number() != nil, line.skip("% done") else { return [.remark] }
        guard line.skip(" - estimated remaining time ") else { return [.remark] }
        return Self.seconds(line).map { [.remaining(seconds: $0)] } ?? [.remark]
    }

    /// `2 hours, 5 minutes, 1 second`.
    private static func seconds(_ words: Line) -> UInt64? {
        let units: [String: UInt64] = [
            "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604_800,
        ]
        var line = words
        var sum: UInt64 = 0
        while let count = line.number() {
            line.skipSpace()
            guard let word = line.identifier(),
                let unit = units[word.hasSuffix("s") ? String(word.dropLast()) : word],
                count < 1_000_000
            else { return nil }
            sum += count * unit
            _ = line.skip(",")
        }
        return sum > 0 ? sum : nil
    }

    /// The lines that stand indented below a phase.
    private func item(_ line: Line) -> [Observation]? {
        var line = line
        guard line.skip("        - ") else { return nil }
        var group = line
        if group.skip("agno = "), let number = group.number() {
            return [.amount(done: number &+ 1, total: nil, unit: "allocation groups")]
        }
        var timed = line
        if timed.number() != nil, timed.skip(":"), timed.number() != nil, timed.skip(":"),
            timed.number() != nil, timed.skip(": "), let part = timed.upTo(" - "),
            let done = timed.number(), timed.skip(" of "), let total = timed.number()
        {
            let unit = timed.upTo(" done")?.trimmed.text ?? "items"
            return [.part(part.text), .amount(done: done, total: total, unit: unit)]
        }
        if line.contains("block cache size") { return [.remark] }
        return [.part((line.upTo("...") ?? line).trimmed.text)]
    }

    private func kernel(_ line: Line) -> [Observation]? {
        var line = line
        guard line.skip("XFS (") else { return nil }
        guard line.upTo("): ") != nil else { return [] }
        if line.skip("Starting recovery") { return [.phase("log recovery")] }
        if line.skip("Ending recovery") { return [.ended("log recovery"), .journalReplayed] }
        if line.skip("Ending clean mount") { return [.sound] }
        return line.contains("ount") ? [.remark] : []
    }

    private func finding(_ line: Line) -> [Observation] {
        if line.contains("valuable metadata changes in a log which needs to") {
            return [.logMustBeReplayed]
        }
        if line.contains("valuable metadata changes in a log which is being") {
            return [.logDiscarded]
        }
        if Self.remarks.contains(where: { line.contains($0) }) { return [.remark] }
        if line.contains("would ") { return [.found(1)] }
        if Self.repairs.contains(where: { line.contains($0) }) { return [.found(1), .fixed(1)] }
        return Self.findings.contains { line.contains($0) } ? [.found(1)] : []
    }

    private static let remarks: [StaticString] = [
        "host filesystem", "Repair may fail if", "zero_log:", "XFS_REPAIR Summary",
        "Total run time",
        "Badness in key lookup", "needsrepair flag", "bp=(bno", "destroyed because the -L",
        "be replayed.",
        "re-running",
        "the -L option to destroy", "Note that destroying", "of the filesystem before",
        "No modify flag set", "Phase\t", "done",
    ]
    private static let repairs: [StaticString] = [
        "correcting", "cleared", "clearing", "rebuilding", "resetting", "moving to",
        "fixing", "fixed", "rebuilt", "junking",
    ]
    private static let findings: [StaticString] = [
        "bad ", "CRC error", "corrupt", "suspect", "claims", "not found", "disconnected",
        "mismatch", "missing", "undiscovered", "couldn't", "inconsistent", "not in the inode",
        "duplicate", "out of range", "unknown",
    ]
}
