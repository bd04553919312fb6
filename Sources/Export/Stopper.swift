import ExportCore
import LinuxKit
import Recorder

/// Takes exports away: `davit export stop`.
package struct Stopper {
    /// What became of one export.
    package struct Result: Sendable {
        package enum End: Sendable, Equatable {
            case stopped
            case neverExisted
            /// Nothing was changed, for the reason given.
            case refused(Refusal)
            /// What is still there, each with the kernel's reason.
            case blocked([String])
        }

        package let name: ExportName
        package fileprivate(set) var end: End
        /// Who was logged in and has been logged out.
        package var sessions: [Session] = []
        /// The disks that are free again, as proven by opening each exclusively; and those that are not.
        package var free: [String] = []
        package var held: [String] = []
        /// A file that keeps what an overlay holds.
        package var kept: String?
        /// Whether a commit was given up, so that the disks hold some of the writes and not all.
        package var isMixture = false
        package var took = Duration.zero
    }

    /// So much time may be lost on what hangs, in all: with the work itself all of it is over in 5 s.
    private static let patience = Duration.milliseconds(3500)
    private static let lookPatience = Duration.seconds(2)
    /// A step that takes longer is left behind at first, so that it does not hold up the rest.
    private static let stepPatience = Duration.milliseconds(1500)
    /// A step behind one that hangs has this long, even at the end.
    private static let leastPatience = Duration.milliseconds(300)
    /// Of so many that hang, and more, the rest is not tried.
    private static let mostHung = 6

    private let recorder = Recorder(component: .export)
    private let worker = KernelWorker()
    private let begun = Clock.now
    private let discards: Bool
    private var left: Duration { max(.zero, Self.patience - worker.lost) }
    /// As long as the next thing may take; the last ones are tried, too.
    private var share: Duration { max(left, Self.leastPatience) }

    /// - Parameter discarding: whether what the other host wrote into overlays in memory may be thrown away.
    package init(discarding: Bool = false) { discards = discarding }

    /// The exports that there are, by intent or in configfs.
    package func names() throws -> [ExportName] {
        let observed = try ConfigTree.observe(worker, losing: Self.lookPatience)
        return Set(Intent.names).union(observed.exports).sorted()
    }

    package func stop(_ names: [ExportName]) throws -> [Result] {
        for name in names { try Waiter.end(name, within: .seconds(1)) }
        return try Turn.run(within: .seconds(3)) {
            var results = try names.map { try stopAlone($0) }
            // What hangs has been named; looking once more would only take time.
            guard results.allSatisfy(\.isGone) else { return results }
            let leftovers = try sayFarewell()
            guard !leftovers.isEmpty else { return results }
            guard !results.isEmpty else { throw Leftover(reasons: leftovers) }
            results[results.endIndex - 1].end = .blocked(leftovers)
            return results
        }
    }

    /// No export is left, but something that all of them had.
    struct Leftover: Error, CustomStringConvertible {
        let reasons: [String]
        var description: String {
            "No export is left, but this is in the way of removing the rest: "
                + reasons.joined(separator: " ") + " Run 'davit export stop' again."
        }
    }

    /// While its overlays are written to the disks nobody takes them away.
    private func stopAlone(_ name: ExportName) throws -> Result {
        guard Intent(reading: name)?.state == .committing else { return try stop(name) }
        do {
            return try Turn.run(of: name, within: .zero) { try stop(name) }
        } catch is Turn.Taken {
            return Result(name: name, end: .refused(.isCommitting(name)))
        }
    }

    private func stop(_ name: ExportName) throws -> Result {
        var intent = Intent(reading: name)
        if let refusal = try reasonToKeep(name, intent) {
            return Result(name: name, end: .refused(refusal))
        }
        let observed = try look()
        let sessions = observed.targets.filter { $0.iqn.export == name }
            .flatMap { observed.sessions(of: $0.path) }
        let disks = Self.disks(of: name, observed, intent)
        let overlays = Self.overlays(of: name, intent)
        let plan = StopPlan(name, in: observed, adapter: intent?.adapter)
        if plan.steps.isEmpty, intent == nil, overlays.isEmpty, observed.blocked.isEmpty {
            return Result(name: name, end: .neverExisted)
        }
        let isMixture = intent?.state == .committing
        if intent != nil {
            intent?.state = .stopping
            try intent?.write()
        }
        var blockers = try takeDown(name, from: observed, adapter: intent?.adapter)
        if blockers.isEmpty { blockers = try removeOverlays(name, intent, overlays) }
        let (free, held) = try claim(disks)
        if blockers.isEmpty {
            try Intent.remove(name)
        } else {
            intent?.lastError = blockers.joined(separator: " ")
            try intent?.write()
        }
        let took = Clock.now - begun
        recorder.record(
            "\(name): \(blockers.isEmpty ? "stopped" : "stopped in part") after \(took.inWords)",
            .notice,
            Event(
                .export, .named("\(name)"), blockers.isEmpty ? .done : .failed, took: took))
        return Result(
            name: name, end: blockers.isEmpty ? .stopped : .blocked(blockers), sessions: sessions,
            free: free, held: held, kept: intent?.overlay?.file, isMixture: isMixture, took: took)
    }

    /// What the other host wrote is not thrown away by the way.
    private func reasonToKeep(_ name: ExportName, _ intent: Intent?) throws -> Refusal? {
        let isCommitting = intent?.state == .committing
        guard isCommitting || (!discards && intent?.overlay?.file == nil) else { return nil }
        let overlays = Self.handle(name, intent, worker)
        do {
            let states = try Self.overlays(of: name, intent).map {
                (lun: $0, state: try overlays.state($0, within: min(share, Self.lookPatience)))
            }
            return Overlays.reasonToKeep(
                name, states, isCommitting: isCommitting, discards: discards)
        } catch let failure as Overlays.Failure {
            return .overlayUnseen(name, failure.description)
        }
    }

    private func look() throws(SystemError) -> Observed {
        try ConfigTree.observe(
            worker, losing: max(Self.leastPatience, min(left, Self.lookPatience)))
    }

    /// Takes away what configfs has of the export. What hangs is left behind, and tried again when it comes back in time.
    /// - Returns: what stays, with the reasons; everybody is logged out all the same.
    func takeDown(
        _ name: ExportName, from first: Observed, adapter: Int?
    ) throws -> [String] {
        var observed = first
        while true {
            let plan = StopPlan(name, in: observed, adapter: adapter)
            let blockers = try carryOut(plan.steps) + unseen(observed)
            guard !blockers.isEmpty, worker.isHeldUp || !worker.hung.isEmpty, left > .zero,
                try worker.waitForHung(until: Clock.now + left)
            else { return blockers }
            worker.forgetHung()
            observed = try look()
        }
    }

    /// Directories that cannot be listed, with who is in the way.
    private func unseen(_ observed: Observed) -> [String] {
        observed.blocked.map {
            "\($0) cannot be looked at: \(worker.hung.first ?? "the kernel is too slow")."
        }
    }

    /// All steps are tried, but for those that cannot succeed while something inside is still there.
    private func carryOut(_ steps: [Step]) throws -> [String] {
        var blocked: [String] = []
        var reasons: [String] = []
        for step in steps {
            if case .removeDirectory(let path) = step,
                blocked.contains(where: { $0.hasPrefix(path + "/") })
            {
                continue
            }
            guard worker.hung.count < Self.mostHung else {
                reasons.append("'\(step)' was not tried any more.")
                break
            }
            let patience = max(min(left, Self.stepPatience), Self.leastPatience)
            let outcome = try worker.perform(step, until: Clock.now + patience)
            // Somebody else was faster.
            if outcome == .failed(code: ErrorNumber.notFound) { continue }
            guard let reason = outcome.failure else { continue }
            blocked.append(step.path)
            reasons.append("'\(step)': \(reason).")
            recorder.record("'\(step)' failed: \(reason)", .warning)
        }
        return reasons
    }

    // MARK: Overlays

    /// The LUNs that have a mapping, by the intent or, when that was lost, by what the kernel shows.
    private static func overlays(of name: ExportName, _ intent: Intent?) -> [Int] {
        let prefix = Overlay.uuidPrefix + "\(name)."
        let shown = BlockNode.all().compactMap(\.mapperUUID).filter { $0.hasPrefix(prefix) }
            .compactMap { Int($0.dropFirst(prefix.count)) }
        let wanted = intent?.overlay == nil ? [] : intent?.disks.map(\.lun) ?? []
        return (shown + wanted).uniqued.sorted()
    }

    /// Also of an export whose intent is lost.
    private static func handle(
        _ name: ExportName, _ intent: Intent?, _ worker: KernelWorker
    ) -> Overlays {
        let intent = intent ?? Intent(name: name, target: IQN(export: name, host: ""), adapter: 0)
        return Overlays(intent, intent.overlay ?? Overlay(room: 0, file: nil), worker)
    }

    private func removeOverlays(
        _ name: ExportName, _ intent: Intent?, _ luns: [Int]
    ) throws -> [String] {
        guard !luns.isEmpty else { return [] }
        let overlays = Self.handle(name, intent, worker)
        var reasons: [String] = []
        for lun in luns {
            guard worker.hung.count < Self.mostHung else {
                reasons.append("The overlay of LUN \(lun) was not tried any more.")
                break
            }
            do {
                try overlays.remove(lun, within: share)
            } catch {
                reasons.append("\(error)")
            }
        }
        guard reasons.isEmpty, overlays.overlay.file == nil else { return reasons }
        do { _ = try overlays.forget(within: share) } catch { reasons.append("\(error)") }
        return reasons
    }

    // MARK: The end

    /// When the last export is gone: the secrets, and what davit made for all of them.
    /// - Returns: what is in the way; the secrets stay then.
    func sayFarewell() throws -> [String] {
        let observed = try look()
        guard observed.exports.isEmpty, Intent.names.isEmpty else { return [] }
        guard observed.blocked.isEmpty else { return unseen(observed) }
        let steps = StopPlan.farewell(in: observed, madeFabric: SharedState.madeFabric)
        for step in steps {
            let blocked = try carryOut([step])
            guard blocked.isEmpty else { return blocked }
        }
        try SharedState.forget()
        for secret in Secret.allCases { try CHAPSecret.remove(secret) }
        return []
    }

    private static func disks(
        of name: ExportName, _ observed: Observed, _ intent: Intent?
    ) -> [String] {
        let known = intent?.disks.compactMap(\.path) ?? []
        // With an overlay the backstore has the mapping, which goes.
        guard known.isEmpty else { return known.uniqued }
        let backstores = observed.backstores.filter { Layout.export(ofBackstore: $0) == name }
        return backstores.compactMap { observed.info(of: $0).path }.uniqued
    }

    private func claim(_ disks: [String]) throws(SystemError) -> (free: [String], held: [String]) {
        var free: [String] = []
        var held: [String] = []
        for path in disks {
            switch try worker.claim(path, until: Clock.now + share) {
            case .done: free.append(path)
            case .failed(let code) where code == ErrorNumber.notFound: continue
            case .failed, .hangs: held.append(path)
            }
        }
        return (free, held)
    }
}
