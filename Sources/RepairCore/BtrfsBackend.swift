/// btrfs and btrfs check.
/// Source: Linux include/uapi/linux/btrfs_tree.h; btrfs-progs check/main.c, cmds/scrub.c.
package struct BtrfsBackend: Backend {
    package let name = "btrfs"
    package let programs = ["btrfs"]
    package let package = "btrfs-progs"
    package let versionArguments: [String] = ["--version"]
    package let traps = [
        "btrfs check --repair can make things worse: copy off what can be read first (mount -o ro,rescue=all).",
        "btrfs check aborts when libgcc_s.so.1 is not there.",
        "fsck.btrfs checks nothing and exits 0.",
    ]

    package init() {}

    // MARK: On disk

    package func superblock(in image: DiskImage) -> FileSystem? {
        guard let block = image.read(65536, 4096), block.holds("_BHRfS_M", at: 64) else {
            return nil
        }
        var found = FileSystem(backend: name, type: "btrfs")
        found.uuid = block.uuid(32)
        found.label = block.text(299, 256)
        found.size = block.le64(112)
        found.sequence = block.le64(72)
        if block.le16(196) == 0 {
            found.checksumFits = ~block.crc32c(32..<4096) == block.le32(0)
        }
        // What has been fsynced since the last commit; the kernel replays it at the next mount.
        found.journal = block.le64(96) == 0 ? .empty : .needsReplay(first: nil, last: nil)
        found.memberIndex = Int(clamping: block.le64(201)) - 1
        let members = block.le64(136)
        if members > 1, members <= 1024 {
            // The superblock counts the others but does not name them; device numbers may have gaps.
            found.slots = (0..<Int(members)).map { .init(index: $0, uuid: "") }
        }
        found.state = found.checksumFits == false ? .damaged : .unknown
        return found
    }

    // MARK: The checker

    package func invocation(
        for purpose: Purpose, of system: FileSystem, members: [String], consent: Consent
    ) -> Invocation {
        let form = purpose == .check ? "--readonly" : "--repair"
        return Invocation("btrfs", ["check", form, "-p"] + members.prefix(1))
    }

    package func cannotBeUndone(_ system: FileSystem, consent: Consent) -> [String] {
        [
            "btrfs check --repair rewrites trees and may lose files that can still be read now. Copy them off first."
        ]
    }

    package func kernelMount(for purpose: Purpose, of system: FileSystem) -> KernelMount? {
        purpose == .repair ? KernelMount(type: system.type, options: "") : nil
    }

    package var degradedOption: String? { "degraded" }

    package func meaning(
        ofExit code: Int32, of purpose: Purpose, _ progress: Progress
    ) -> Meaning {
        switch code {
        case 0 where !progress.hasChecked:
            Meaning(8, "btrfs check ended with 0 and shows no sign of having checked anything")
        case 0 where purpose == .repair && progress.errorsFound + progress.errorsFixed > 0:
            Meaning(1, "errors were corrected")
        case 0 where progress.errorsFound > 0:
            Meaning(
                4,
                "btrfs check ended with 0 but named \(progress.errorsFound) errors: a second copy was good"
            )
        case 0: Meaning(0, "no errors")
        case 1 where progress.hasChecked: Meaning(4, "errors are left")
        case 1: Meaning(8, "btrfs check could not open the file system")
        default: Meaning(8, "exit code \(code), which btrfs check does not document")
        }
    }

    // MARK: Its lines

    package func stripped(_ line: Line) -> Line { KernelPrefix.stripped(line) }

    package func read(_ line: Line) -> [Observation] {
        step(line) ?? scrub(line) ?? kernel(line) ?? words(line)
    }

    /// `[2/7] checking extents      (0:00:03 elapsed, 123 items checked)`.
    private func step(_ line: Line) -> [Observation]? {
        var line = line
        guard line.skip("["), let number = line.number(), line.skip("/"),
            let count = line.number(), line.skip("] "), number <= count, count < 100
        else { return nil }
        var tail = line
        // The name itself may hold a parenthesis; the count stands in the last one.
        guard let head = tail.upTo(" elapsed, "), let items = tail.number(),
            tail.skip(" items checked")
        else { return [.phase(line.trimmed.text, number: Int(number), count: Int(count))] }
        let name = Self.withoutTime(head.text)
        return [
            .phase(name, number: Int(number), count: Int(count)),
            .amount(done: items, total: nil, unit: "items"),
        ]
    }

    /// Cuts off what follows the last opening parenthesis, and the spaces before it.
    private static func withoutTime(_ text: String) -> String {
        guard let open = text.lastIndex(of: "(") else { return text }
        var name = text[..<open]
        while name.hasSuffix(" ") { name.removeLast() }
        return String(name)
    }

    /// The lines of `btrfs scrub status`.
    private func scrub(_ line: Line) -> [Observation]? {
        var line = line
        line.skipSpace()
        if line.skip("Bytes scrubbed:") {
            guard line.upTo("(") != nil, let share = line.hundredths() else { return [.remark] }
            return [.phase("scrub"), .share(share)]
        }
        if line.skip("Time left:") {
            guard let hours = line.number(), line.skip(":"), let minutes = line.number(),
                line.skip(":"), let seconds = line.number(), hours < 100_000, minutes < 60,
                seconds < 60
            else { return [.remark] }
            return [.remaining(seconds: hours * 3600 + minutes * 60 + seconds)]
        }
        if line.skip("Error summary:") {
            return line.contains("no errors found") ? [.remark] : [.found(1)]
        }
        if line.skip("Status:") {
            return line.contains("finished") ? [.ended("scrub")] : [.phase("scrub")]
        }
        let known: [StaticString] = [
            "ETA:", "Rate:", "Duration:", "Scrub started:", "Total to scrub:",
        ]
        return known.contains { line.starts(with: $0) } ? [.remark] : nil
    }

    /// Source: Linux fs/btrfs/disk-io.c (btrfs_replay_log) and messages.c.
    private func kernel(_ line: Line) -> [Observation]? {
        guard line.starts(with: "BTRFS") else { return nil }
        if line.contains("start tree-log replay") {
            return [.phase("tree-log replay"), .journalReplayed]
        }
        let bad: [StaticString] = ["BTRFS error", "BTRFS critical"]
        return bad.contains { line.starts(with: $0) } ? [.found(1)] : [.remark]
    }

    private func words(_ line: Line) -> [Observation] {
        if line.contains("bytes used, no error found") { return [.sound] }
        if Self.remarks.contains(where: { line.starts(with: $0) }) { return [.remark] }
        var roots = line
        if roots.skip("Fixed "), let count = roots.number(), roots.skip(" roots.") {
            return [count == 0 ? .remark : .fixed(Int(clamping: count))]
        }
        if Self.repairs.contains(where: { line.contains($0) }) { return [.fixed(1)] }
        return Self.findings.contains { line.contains($0) } ? [.found(1)] : []
    }

    private static let remarks: [StaticString] = [
        "Opening filesystem", "Checking filesystem", "UUID:", "found ", "total ", "btree space",
        "file data blocks", " referenced", "Csum didn't match", "The following tree block",
        "\ttree block bytenr", "\tunresolved ref", "ERROR: errors found", "Starting repair",
        "enabling repair mode", "WARNING:", "10 9 8", "No device size", "repair deleting",
        "adding new", "\tDo not use", "\tor an experienced", "\tfsck can", "\tsome software",
        "\tThe operation will", "\tUse Ctrl-C",
    ]
    private static let repairs: [StaticString] = [
        "ixed ", "epaired ", "eset nbytes", "eset isize", "Reset ", "Moving file", "eleting bad",
        "dd missing",
    ]
    private static let findings: [StaticString] = [
        "checksum verify failed", " errors ", "ref check failed", "mismatch", "backref",
        "transid verify failed", "bad ", "ERROR:", "orphan", "missing",
    ]
}
