import LinuxKit
import RepairCore

/// The scrub of a mounted btrfs, which is what stands in for a check while it is in use.
enum ScrubActivity {
    /// How far it is; `nil` where none runs, or nobody can tell.
    static func words(of subject: Subject, _ uses: BlockUses) -> String? {
        let backend = BtrfsBackend()
        guard subject.system.backend == backend.name, !subject.users.isEmpty,
            let point = subject.paths.lazy.compactMap({ BlockNode(at: $0) })
                .compactMap({ uses.mountPoints(of: $0).last }).first,
            let program = Checkers.path(of: backend.programs)
        else { return nil }
        let said = Checkers.output(of: program, ["scrub", "status", point], atMost: 65536)
        return words(said)
    }

    /// From what `btrfs scrub status` says.
    static func words(_ said: [UInt8]) -> String? {
        var reader = ProgressReader(BtrfsBackend())
        reader.take(said)
        reader.finish()
        let progress = reader.progress
        guard progress.phase == "scrub", progress.phasesEnded == 0, let share = progress.share
        else { return nil }
        let left = progress.secondsLeft.map {
            ", about \(Duration.seconds(Int64(clamping: $0)).inWords) left"
        }
        let errors = progress.errorsFound > 0 ? ", errors were found" : ""
        return "a scrub runs: \(share / 100).\(share % 100 / 10) %\(left ?? "")\(errors)"
    }
}
