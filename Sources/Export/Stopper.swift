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
            /// What is still there, each with the kernel's reason.
            case blocked([String])
        }

        package let name: ExportName
        package let end: End
        /// Who was logged in and has been logged out.
        package let sessions: [Session]
        /// The disks that are free again, as proven by opening each exclusively; and those that are not.
        package let free: [String]
        package let held: [String]
        package let took: Duration
    }

    /// All of it is over in 5 s: a step may take what is left of them, and a step behind one that hangs a moment.
    private static let patience = Duration.seconds(4)
    private static let leastPatience = Duration.milliseconds(300)
    private let recorder = Recorder(component: "export")

    package init() {}

    /// The exports that there are, by intent or in configfs.
    package static var names: [ExportName] {
        get throws {
            let observed = ConfigTree.observe(comparing: try CHAPSecret())
            return Set(Intent.names).union(observed.exports).sorted()
        }
    }

    package func stop(_ names: [ExportName]) throws -> [Result] {
        for name in names { try Waiter.end(name) }
        return try Turn.run {
            let results = try names.map { try stop($0) }
            try sayFarewell()
            return results
        }
    }

    private func stop(_ name: ExportName) throws -> Result {
        let begun = Clock.now
        let secret = try CHAPSecret()
        let observed = ConfigTree.observe(comparing: secret)
        var intent = Intent(reading: name)
        let plan = StopPlan(name, in: observed, adapter: intent?.adapter)
        let sessions = observed.targets.filter { $0.iqn.export == name }
            .flatMap { observed.sessions(of: $0.path) }
        let disks = Self.disks(of: name, observed, intent)
        if plan.steps.isEmpty, intent == nil {
            return Result(
                name: name, end: .neverExisted, sessions: [], free: [], held: [],
                took: Clock.now - begun)
        }
        if intent != nil {
            intent?.state = .stopping
            try intent?.write()
        }
        let blockers = try carryOut(plan.steps)
        let (free, held) = Self.claim(disks)
        if blockers.isEmpty {
            try Intent.remove(name)
        } else {
            intent?.lastError = blockers.joined(separator: " ")
            try intent?.write()
        }
        let took = Clock.now - begun
        recorder.record(
            "\(name): \(blockers.isEmpty ? "stopped" : "stopped in part") after \(took.inWords)",
            .notice)
        return Result(
            name: name, end: blockers.isEmpty ? .stopped : .blocked(blockers), sessions: sessions,
            free: free, held: held, took: took)
    }

    /// All steps are tried, but for those that cannot succeed while something inside is still there.
    private func carryOut(_ steps: [Step]) throws -> [String] {
        let runner = StepRunner()
        let end = Clock.now + Self.patience
        var blocked: [String] = []
        var reasons: [String] = []
        for step in steps {
            if case .removeDirectory(let path) = step,
                blocked.contains(where: { $0.hasPrefix(path + "/") })
            {
                continue
            }
            let outcome = try runner.perform(
                step, until: max(end, Clock.now + Self.leastPatience))
            // Somebody else was faster.
            if outcome == .failed(code: ErrorNumber.notFound) { continue }
            guard let reason = outcome.failure else { continue }
            blocked.append(step.path)
            reasons.append("'\(step)': \(reason).")
            recorder.record("'\(step)' failed: \(reason)", .warning)
        }
        return reasons
    }

    /// When the last export is gone: the secret, and what davit made for all of them.
    private func sayFarewell() throws {
        let observed = ConfigTree.observe(comparing: try CHAPSecret())
        guard observed.exports.isEmpty, Intent.names.isEmpty else { return }
        let steps = StopPlan.farewell(in: observed, madeFabric: SharedState.madeFabric)
        let blocked = try carryOut(steps)
        guard blocked.isEmpty else { return }
        try SharedState.forget()
        try CHAPSecret.remove()
        Checkpoint.passed()
    }

    private static func disks(
        of name: ExportName, _ observed: Observed, _ intent: Intent?
    ) -> [String] {
        let backstores = observed.backstores.filter { Layout.export(ofBackstore: $0) == name }
        let paths = backstores.compactMap { observed.info(of: $0).path }
        return (paths + (intent?.disks.compactMap(\.path) ?? [])).filter { !$0.isEmpty }.uniqued
    }

    private static func claim(_ disks: [String]) -> (free: [String], held: [String]) {
        var free: [String] = []
        var held: [String] = []
        for path in disks {
            guard case .block(let node) = BlockNode.look(at: path) else { continue }
            if (try? node.claim()) != nil { free.append(path) } else { held.append(path) }
        }
        return (free, held)
    }
}
