import ExportCore
import LinuxKit
import Recorder

/// Writes what overlays hold into the disks: `davit export commit`.
///
/// The kernel does it (the target `snapshot-merge`), and goes on when this process is killed; the same command then
/// waits for it and does the rest. A store forgets what is on the disk, so that each run merges what is left.
package struct Committer {
    /// What an overlay holds for one disk.
    package struct Held: Sendable, Equatable {
        package let lun: Int
        package let device: String
        package let bytes: UInt64
    }

    private let intent: Intent
    private let overlay: Overlay
    private let worker = KernelWorker()
    private let recorder = Recorder(component: .export)

    /// - Throws: `Refusal.neverExisted`, `.noOverlay`.
    package init(_ name: ExportName) throws {
        guard let intent = Intent(reading: name) else { throw Refusal.neverExisted(name) }
        guard let overlay = intent.overlay else { throw Refusal.noOverlay(name) }
        self.intent = intent
        self.overlay = overlay
    }

    /// Where the writes are kept.
    package var place: String { Overlays.place(intent) }
    /// Whether a power failure during the merge leaves what was not merged yet nowhere.
    package var isInMemory: Bool { overlay.file == nil }
    /// Whether it was begun before.
    package var isUnderWay: Bool { intent.state == .committing }

    /// Disks that are not here, and for which the file may hold something, by the names that they were given by.
    package var absent: [String] {
        isInMemory ? [] : intent.disks.filter { $0.path == nil }.map(\.device)
    }

    /// What there is to write.
    /// - Throws: `Refusal.loggedIn` while somebody may still write; `.kernelHangs` where that cannot be seen;
    ///   `.overlayLost` when a write did not fit.
    package func look() throws -> [Held] {
        let observed = try ConfigTree.observe(worker)
        if let path = observed.blocked.first {
            throw Refusal.kernelHangs(path, who: worker.hung.last ?? "too slow")
        }
        let who = observed.targets.filter { $0.iqn.export == intent.name }
            .flatMap { observed.sessions(of: $0.path) }
        guard who.isEmpty else { throw Refusal.loggedIn(intent.name, who.map(\.initiator)) }
        let overlays = Overlays(intent, overlay, worker)
        var held: [Held] = []
        for disk in intent.disks where disk.overlayNode != nil && !disk.isMerged {
            let fill = try overlays.state(disk.lun).fill
            // What a merge under way leaves of it is for the merge to judge.
            if !isUnderWay, let loss = fill?.loss(of: disk.lun) {
                throw Refusal.overlayLost(intent.name, loss)
            }
            held.append(Held(lun: disk.lun, device: disk.device, bytes: fill?.bytes ?? 0))
        }
        return held
    }

    /// Ends the export, and returns when everything is on the disks and they are free.
    /// - Parameters:
    ///   - shown: what somebody has agreed to, from `look`.
    ///   - report: called now and then with what is left of a LUN, in bytes.
    /// - Returns: the file that stays, because it also holds writes to disks that are not here.
    /// - Throws: `Refusal.changedMeanwhile` when there is something else to write by now; what `look` throws.
    package func commit(_ shown: [Held], report: (Int, UInt64) -> Void) throws -> String? {
        try Waiter.end(intent.name, within: .seconds(2))
        return try Turn.run(of: intent.name) {
            let current = try Turn.run {
                // The answer to the question may have taken minutes: a disk has come, or the other host has logged in
                // again.
                let current = try Committer(intent.name)
                let held = try current.look()
                guard current.isUnderWay || held == shown else {
                    throw Refusal.changedMeanwhile(intent.name)
                }
                return try current.begin()
            }
            // Other exports come and go meanwhile; of this one everybody else keeps off.
            try current.mergeAll(report)
            return try Turn.run { try current.finish() }
        }
    }

    /// Takes the export away, and notes that its disks are being written to.
    private func begin() throws -> Committer {
        let stopper = Stopper()
        let observed = try ConfigTree.observe(worker)
        let blockers = try stopper.takeDown(
            intent.name, from: observed, adapter: intent.adapter)
        guard blockers.isEmpty else {
            throw Overlays.Failure(
                description: "The export cannot be taken away first: "
                    + blockers.joined(separator: " ")
                    + (isUnderWay ? "" : " Nothing was written to the disks.")
                    + " Run 'davit export commit \(intent.name)' again when that is gone.")
        }
        // From here on the disks are written to, and not before: until then everything else may still be done with it.
        var intent = intent
        intent.state = .committing
        try intent.write()
        recorder.record("\(intent.name): writes what the overlays hold to the disks", .notice)
        return try Committer(intent.name)
    }

    private func mergeAll(_ report: (Int, UInt64) -> Void) throws {
        var intent = intent
        let overlays = Overlays(intent, overlay, worker)
        for index in intent.disks.indices where intent.disks[index].overlayNode != nil {
            guard !intent.disks[index].isMerged else { continue }
            try merge(intent.disks[index], overlays, report)
            intent.disks[index].isMerged = true
            try intent.write()
        }
    }

    /// - Returns: the file that stays.
    private func finish() throws -> String? {
        let merged = try Committer(intent.name).intent.disks.filter(\.isMerged).map(\.lun)
        let isKept = try Overlays(intent, overlay, worker).forget(but: merged)
        Checkpoint.passed()
        try Intent.remove(intent.name)
        for reason in try Stopper().sayFarewell() { recorder.record("\(reason)", .warning) }
        return isKept ? overlay.file : nil
    }

    private func merge(
        _ disk: Intent.Disk, _ overlays: Overlays, _ report: (Int, UInt64) -> Void
    ) throws {
        try overlays.beginMerge(into: disk)
        var lastReport = Clock.now
        while true {
            let state = try overlays.state(disk.lun)
            guard case .holds(let used, _, let metadata)? = state.fill else {
                throw Refusal.mergeFailed(
                    intent.name,
                    state.fill?.loss(of: disk.lun) ?? "LUN \(disk.lun) has no overlay any more")
            }
            if used <= metadata { break }
            if Clock.now - lastReport >= .seconds(1) {
                report(disk.lun, state.fill?.bytes ?? 0)
                lastReport = Clock.now
            }
            // The kernel raises no event for it that could be waited for with a deadline.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(50))
        }
        try overlays.endMerge(into: disk)
    }
}
