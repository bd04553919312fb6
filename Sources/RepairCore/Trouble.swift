/// Something that checkers or kernels say and that has a known reason and a next step.
package struct Trouble: Equatable, Sendable {
    /// The row's name, for programs.
    package let name: String
    /// What it means.
    package let explanation: String
    /// What to do.
    package let nextStep: String
    /// Whether waiting cannot help any more.
    package let isFinal: Bool

    /// One row: the words to look for, and the phase in which they count.
    private struct Row {
        let words: StaticString
        var phase: String?
        let trouble: Trouble
    }

    /// The first row of the table that fits the line.
    package static func known(in line: Line, while progress: Progress) -> Trouble? {
        for row in rows where line.contains(row.words) {
            if let phase = row.phase, progress.phase != phase, !isAnnounced(phase, line) {
                continue
            }
            return row.trouble
        }
        return nil
    }

    /// The flood may begin on the very line that announces the phase.
    private static func isAnnounced(_ phase: String, _ line: Line) -> Bool {
        line.text.hasPrefix(phase)
    }

    private static let rows: [Row] = [
        Row(
            words: "journal_reclaim_would_deadlock", phase: "journal_replay",
            trouble: Trouble(
                name: "bcachefs-replay-deadlock",
                explanation:
                    "The journal replay of this kernel's bcachefs is in a recovery deadlock: it repeats this line for ever. The repair of it went into Linux 6.9. What is on the disks is not the cause, and waiting does not help.",
                nextStep:
                    "Let a host with Linux 6.9 or newer recover it: 'davit export MEMBER…' with all members of this file system, then 'davit repair' there.",
                isFinal: true)),
        Row(
            words: "insufficient_devices_to_start",
            trouble: Trouble(
                name: "bcachefs-members-missing",
                explanation: "bcachefs refuses to start because members are missing.",
                nextStep:
                    "Connect or unlock the missing members ('davit repair' names them). With enough replicas it also starts with '-o degraded'.",
                isFinal: true)),
        Row(
            words: "insufficient writeable journal devices available",
            trouble: Trouble(
                name: "bcachefs-read-only-journal",
                explanation:
                    "bcachefs could not write its journal when it stopped, because it was opened read-only.",
                nextStep: "Nothing, after a check. The next real mount recovers again.",
                isFinal: false)),
        Row(
            words: "valuable metadata changes in a log which needs to",
            trouble: Trouble(
                name: "xfs-dirty-log",
                explanation:
                    "The XFS log holds changes that are not in the file system yet. xfs_repair will not touch it.",
                nextStep:
                    "Mount it once and unmount it, so that the kernel replays the log, then check again. Only when it cannot be mounted: --discard-log, which throws these changes away.",
                isFinal: true)),
        Row(
            words: "log which is being",
            trouble: Trouble(
                name: "xfs-log-destroyed",
                explanation: "The XFS log was thrown away because that was asked for.",
                nextStep: "Look through lost+found after the repair.",
                isFinal: false)),
        Row(
            words: "skipping journal recovery because doing a read-only",
            trouble: Trouble(
                name: "ext-journal-not-replayed",
                explanation:
                    "The journal was not replayed, because this check writes nothing. Errors that it names may vanish with the replay.",
                nextStep: "Judge by the check after the replay, not by this one.",
                isFinal: false)),
        Row(
            words: "Bad magic number in super-block",
            trouble: Trouble(
                name: "ext-superblock-lost",
                explanation: "There is no ext superblock where the first one belongs.",
                nextStep:
                    "'davit repair DEVICE' looks for the copies of it and uses the first sound one.",
                isFinal: true)),
        Row(
            words: "RUN fsck MANUALLY",
            trouble: Trouble(
                name: "ext-needs-decisions",
                explanation: "There is damage that e2fsck does not repair without being told to.",
                nextStep: "'davit repair --run DEVICE' answers its questions with yes.",
                isFinal: true)),
        Row(
            words: "checksum verify failed on",
            trouble: Trouble(
                name: "btrfs-broken-node",
                explanation: "A tree block of btrfs does not match its checksum in any copy.",
                nextStep:
                    "First copy off what can be read: mount with '-o ro,rescue=all'. 'btrfs check --repair' may lose more than it saves.",
                isFinal: false)),
        Row(
            words: "parent transid verify failed on",
            trouble: Trouble(
                name: "btrfs-lost-writes",
                explanation:
                    "btrfs finds older blocks than it wrote: the disk lost writes that it had confirmed.",
                nextStep:
                    "Mount with '-o ro,rescue=usebackuproot', and copy off what can be read before any repair.",
                isFinal: false)),
        Row(
            words: "I/O error",
            trouble: Trouble(
                name: "disk-errors",
                explanation:
                    "The disk itself reports errors. A repair on a failing disk loses more.",
                nextStep: "Copy the disk first (ddrescue), and repair the copy.",
                isFinal: false)),
        Row(
            words: "libgcc_s.so.1 must be installed",
            trouble: Trouble(
                name: "checker-lacks-libgcc",
                explanation:
                    "The checker needs libgcc_s.so.1 to end its threads, and it is not here.",
                nextStep: "Upload libgcc_s.so.1 next to the checker's libraries.",
                isFinal: true)),
    ]
}
