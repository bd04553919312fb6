/// bcachefs, its user-space fsck, and its recovery in the kernel.
/// Source: bcachefs fs/bcachefs_format.h (sb.c, journal_io.c, recovery.c, progress.c, passes.c).
package struct BcachefsBackend: Backend {
    package let name = "bcachefs"
    package let programs = ["bcachefs"]
    package let package = "bcachefs-tools"
    package let versionArguments: [String] = ["version"]
    package let speaksToTerminals = true
    package let traps = [
        "bcachefs fsck -p and -a have exited 0 without checking anything since 1.25.3.",
        "bcachefs fsck -n on an unclean but sound file system exits 0 and leaves it unclean.",
        "One run of bcachefs fsck may leave errors in its counters that the next one finds and mends: check once more.",
        "bcachefs fsck goes on without members that are missing, as far as the replicas reach, and does not say so.",
        "A plain read-only mount replays the journal and writes to all members; 'ro,nochanges,norecovery' does not.",
        "The kernel's own fsck ends a pass before it lets itself be cancelled.",
    ]

    package init() {}

    // MARK: On disk

    package func superblock(in image: DiskImage) -> FileSystem? {
        BcachefsSuperblock(in: image).map { describe($0, image) }
    }

    private func describe(_ block: BcachefsSuperblock, _ image: DiskImage) -> FileSystem {
        var found = FileSystem(backend: name, type: "bcachefs")
        found.uuid = block.uuid
        found.label = block.label
        found.version = block.version
        found.size = block.size
        found.checksumFits = block.checksumFits
        found.recordedErrors = block.recordedErrors
        found.lastErrorAt = block.lastErrorAt
        found.lastMountedAt = block.lastMountedAt
        found.memberIndex = block.memberIndex
        if block.members.count > 1 { found.slots = block.members }
        if block.isClean {
            found.sequence = block.cleanSequence
            found.journal = .empty
        } else if let range = BcachefsJournal.range(block, image) {
            found.sequence = range.upperBound
            found.journal = .needsReplay(first: range.lowerBound, last: range.upperBound)
        } else {
            found.journal = .needsReplay(first: nil, last: nil)
        }
        found.state =
            block.checksumFits == false || block.hasErrors
            ? .damaged : block.isClean ? .clean : .unclean
        return found
    }

    // MARK: The checker

    package func invocation(
        for purpose: Purpose, of system: FileSystem, members: [String], consent: Consent
    ) -> Invocation {
        Invocation("bcachefs", ["fsck", purpose == .check ? "-n" : "-y", "-v"] + members)
    }

    package func cannotBeUndone(_ system: FileSystem, consent: Consent) -> [String] {
        [
            "Newer tools and kernels may raise the on-disk version from \(system.version); an older kernel may then no longer mount it."
        ]
    }

    /// nochanges keeps even the replay of the journal in memory.
    package func kernelMount(for purpose: Purpose, of system: FileSystem) -> KernelMount? {
        let options =
            purpose == .check
            ? "ro,nochanges,fsck,fix_errors=no,verbose" : "fsck,fix_errors=yes,verbose"
        return KernelMount(type: "bcachefs", options: options)
    }

    package func kernelFsck(for purpose: Purpose) -> KernelMount? {
        let options =
            purpose == .check
            ? "nochanges,fsck,fix_errors=no,verbose" : "fsck,fix_errors=yes,verbose"
        return KernelMount(type: "bcachefs", options: options, isFsck: true)
    }

    package var degradedOption: String? { "degraded" }

    package func meaning(
        ofExit code: Int32, of purpose: Purpose, _ progress: Progress
    ) -> Meaning {
        // What it calls with 1 may be a device that it could not open.
        if code == 0 || code == 1, progress.phasesEnded == 0 {
            return Meaning(
                8, "bcachefs fsck ended with \(code) and shows no pass: it checked nothing")
        }
        // The kernel's fsck of 6.8 has said what it found, and ends with 0 all the same.
        let left = progress.errorsFound > progress.errorsFixed
        let bits = code == 0 && progress.errorsFound > 0 ? left ? 4 : 1 : code
        guard purpose == .check, bits & 1 != 0 || progress.errorsFound > 0 else {
            return Meaning(bits, FsckBits.words(bits))
        }
        // With -n it calls corrected what it corrected in memory, so that the check could go on.
        guard bits & 8 != 0 else {
            return Meaning(bits & ~1 | 4, "errors were found, and nothing was changed")
        }
        return Meaning(
            bits & ~1 | 4,
            "errors were found, nothing was changed, and the check could not go on behind them")
    }

    // MARK: Its lines

    package func stripped(_ line: Line) -> Line {
        var line = KernelPrefix.stripped(line)
        var prefixed = line
        if prefixed.skip("bcachefs ("), prefixed.upTo("): ") != nil { line = prefixed }
        return line
    }

    /// A pass that runs stands on a line that ends with the pass, up to 1.36 and later.
    package func unfinished(_ line: Line) -> [Observation] {
        var line = stripped(line)
        guard let pass = line.identifier(), line.skip("...") else { return [] }
        return [.phase(pass)]
    }

    package func read(_ line: Line, in phase: String?) -> [Observation] {
        guard let phase else { return read(line) }
        // What a pass says comes between its name and this.
        if isDone(line) { return ended(phase) }
        // 1.13 leaves out the beginning of the name here: `backpointers_to_extents: 20%, done 1/5 nodes`.
        var named = line
        if let name = named.identifier(), phase.hasSuffix(name),
            let amount = Self.amount(after: "%, done ", in: named)
        {
            return [amount]
        }
        return read(line)
    }

    package func read(_ line: Line) -> [Observation] {
        pass(line) ?? percentage(line) ?? journal(line) ?? status(line) ?? words(line)
    }

    /// `check_lrus... done`, from 1.36 on `check_lrus... done (3 seconds)`; a count, an error or a flood may follow the dots.
    private func pass(_ line: Line) -> [Observation]? {
        var line = line
        guard let pass = line.identifier(), line.skip("...") else { return nil }
        if isDone(line) { return ended(pass) }
        let amount = Self.amount(after: "%, done ", in: line)
        return [.phase(pass)] + (amount.map { [$0] } ?? words(line))
    }

    private func isDone(_ line: Line) -> Bool {
        var line = line
        guard line.skip(" done") else { return false }
        return line.isEmpty || line.starts(with: " (")
    }

    private func ended(_ pass: String) -> [Observation] {
        pass == "journal_replay" ? [.ended(pass), .journalReplayed] : [.ended(pass)]
    }

    /// `check_extents: 12%, done 3/25 nodes, at …`; from 1.39 without the colon, and `journal replay: … 12%, done 3/25 keys`.
    private func percentage(_ line: Line) -> [Observation]? {
        var line = line
        guard let amount = Self.amount(after: "%, done ", in: line) else { return nil }
        if line.skip("journal replay") { return [.phase("journal_replay"), amount] }
        guard let pass = line.identifier() else { return nil }
        return [.phase(pass), amount]
    }

    private static func amount(after mark: StaticString, in line: Line) -> Observation? {
        var line = line
        guard line.upTo(mark) != nil, let done = line.number(), line.skip("/"),
            let total = line.number()
        else { return nil }
        line.skipSpace()
        return .amount(done: done, total: total, unit: line.identifier() ?? "nodes")
    }

    private func journal(_ line: Line) -> [Observation]? {
        var line = line
        if line.skip("journal read done, replaying entries ") {
            guard let first = line.number(), line.skip("-"), let last = line.number() else {
                return [.remark]
            }
            return [.journal(first: first, last: last)]
        }
        if line.skip("shutdown complete, journal seq ") {
            return line.number().map { [.journalClosed(at: $0)] } ?? [.remark]
        }
        if line.skip("starting version ") {
            let version = Observation.version(line.upTo(":")?.text ?? line.trimmed.text)
            return line.contains("nochanges") ? [version, .nothingWritten] : [version]
        }
        return nil
    }

    /// The lines of recovery_status in sysfs.
    private func status(_ line: Line) -> [Observation]? {
        var line = line
        if line.skip("Currently running:") || line.skip("Current pass:") {
            line.skipSpace()
            return line.identifier().map { [.phase($0)] } ?? [.remark]
        }
        let known: [StaticString] = ["Completed:", "Next:", "Failing:", "Rewound from:"]
        return known.contains { line.starts(with: $0) } ? [.remark] : nil
    }

    private func words(_ line: Line) -> [Observation] {
        if line.starts(with: "marking filesystem clean") { return [.sound] }
        if line.ends(with: ", fixing") { return [.found(1), .fixed(1)] }
        let findings: [StaticString] = [", not fixing", ", exiting", "fix?", ", shutting down"]
        if findings.contains(where: { line.contains($0) }) { return [.found(1)] }
        // bcachefs fsck itself, behind the UUID; its exit code says the same.
        if line.ends(with: ": errors fixed") || line.ends(with: ": still has errors") {
            return [.remark]
        }
        return Self.remarks.contains { line.starts(with: $0) } ? [.remark] : []
    }

    private static let remarks: [StaticString] = [
        "Running userspace", "Running in-kernel", "recovering from", "starting journal read",
        "journal read done", "Journal keys:", "going read-", "finished waiting", "flushing journal",
        "done starting", "shutting down", "shutdown complete", " (y,n", "rw journal devs",
        "insufficient writeable", " done", "# mount", "Doing compatible", "modprobe:",
        "sh: modprobe:", "sh: 1: modprobe:",
        "unshutdown complete", "done going read-only", "retrying read", "retry success",
        "flagging btree", "running explicit recovery pass", "will run btree node scan",
        "superblock requires following recovery passes", "creating lost+found",
    ]
}
