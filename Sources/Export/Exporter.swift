import ExportCore
import JSONKit
import LinuxKit
import Recorder

/// Makes configfs hold the export that is wanted: `davit export DEVICE…`.
package struct Exporter {
    /// What was asked for on the command line.
    package struct Request: Sendable {
        package var devices: [String]
        /// In place of devices: the members of this file system, array or volume group, looked for anew on every pass.
        package var fileSystem: String?
        package var name: ExportName
        package var listen: [Portal] = []
        package var initiators: [IQN] = []
        package var isReadOnly = false
        package var overlay: Overlay?
        package var authenticates = true
        /// Whether disks that are not there yet are left for later, instead of being refused.
        package var mayBeLate = false

        package init(devices: [String], name: ExportName) {
            self.devices = devices
            self.name = name
        }
    }

    /// What one pass has done.
    package struct Result: Sendable {
        package let intent: Intent
        /// The steps that were needed; none when everything was there already.
        package let steps: [PlannedStep]

        package var isComplete: Bool { intent.disks.allSatisfy { $0.state == .exported } }
        package var isWaiting: Bool { intent.disks.contains { $0.state == .waiting } }
    }

    /// As long as one step may take: a disk that is dying is opened slowly.
    private static let patience = Duration.seconds(10)

    private let request: Request
    private let recorder = Recorder(component: .export)

    package init(_ request: Request) { self.request = request }

    /// How the export of a file system, array or volume group is called that was given no name: as it is called already,
    /// or else after what is here of it.
    package static func name(ofFileSystem uuid: String) throws -> ExportName {
        let known = Intent.names.first { name in
            Intent(reading: name)?.fileSystem?.lowercased() == uuid.lowercased()
        }
        if let known { return known }
        let set = try MemberSet(uuid, KernelWorker())
        return ExportName(derivedFrom: set?.name ?? "members-\(uuid.prefix(8))")
    }

    /// What would be done and would be there then, without doing any of it.
    package func plan() throws -> Result {
        let worker = KernelWorker()
        let observed = try look(worker)
        let intent = try intent(over: observed, worker)
        let steps = try ApplyPlan(intent.wanted, over: observed).steps
        return Result(intent: intent.settled, steps: steps)
    }

    /// Looks at the disks and at configfs, and does the difference.
    package func apply() throws -> Result { try Turn.run { try pass() } }

    func pass() throws -> Result {
        let worker = KernelWorker()
        // Refusals come before anything is changed, a module loaded or a secret made.
        let before = try look(worker)
        var intent = try intent(over: before, worker)
        _ = try ApplyPlan(intent.wanted, over: before)
        try Machine.prepare(forOverlays: intent.overlay != nil)
        for secret in Secret.allCases {
            try CHAPSecret.make(secret)
            Checkpoint.passed()
        }
        let observed = try look(worker)
        // Only somebody else can have changed it meanwhile, or a configfs that had not been mounted shows it now.
        if observed != before { intent = try self.intent(over: observed, worker) }
        var plan = try ApplyPlan(intent.wanted, over: observed)
        let known = Intent(reading: request.name)
        let done = intent.settled
        if plan.steps.isEmpty, let known, known.state == done.state, known.disks == done.disks,
            known.lastError == done.lastError
        {
            return Result(intent: done, steps: [])
        }
        try SharedState.remember(madeFabric: !observed.directories.contains(Layout.fabric))
        try intent.write()
        if let overlay = intent.overlay {
            try lay(Overlays(intent, overlay, worker), &intent, isNew: known == nil)
            plan = try ApplyPlan(intent.wanted, over: observed)
        }
        try carryOut(plan.steps, for: &intent, worker)
        intent = intent.settled
        try intent.write()
        return Result(intent: intent, steps: plan.steps)
    }

    /// - Throws: `Refusal.kernelHangs` where a part of configfs cannot be seen: what is there cannot be compared then.
    private func look(_ worker: KernelWorker) throws -> Observed {
        let observed = try ConfigTree.observe(worker)
        if let path = observed.blocked.first {
            throw Refusal.kernelHangs(path, who: worker.hung.last ?? "too slow")
        }
        return observed
    }

    private func intent(over observed: Observed, _ worker: KernelWorker) throws -> Intent {
        if Intent(reading: request.name)?.state == .committing {
            throw Refusal.isCommitting(request.name)
        }
        return try ExportSurvey(request: request, observed: observed, worker: worker).intent()
    }

    /// Makes the overlays that are not there yet. When the first one of a new export cannot be made, nothing is left.
    private func lay(_ overlays: Overlays, _ intent: inout Intent, isNew: Bool) throws {
        var isFirst = isNew
        for index in intent.disks.indices
        where intent.disks[index].path != nil && intent.disks[index].state != .failed {
            do {
                intent.disks[index].overlayNode = try overlays.make(over: intent.disks[index])
            } catch let failure as Overlays.Failure {
                recorder.record("\(request.name): \(failure)", .warning)
                guard !isFirst else {
                    try overlays.remove(intent.disks[index].lun)
                    if intent.overlay?.file == nil { _ = try overlays.forget() }
                    try Intent.remove(request.name)
                    throw failure
                }
                intent.disks[index].state = .failed
                intent.disks[index].overlayNode = nil
                intent.disks[index].lastError = failure.description
            }
            isFirst = false
        }
    }

    /// A step that fails for one disk leaves out what follows for that disk only.
    private func carryOut(
        _ steps: [PlannedStep], for intent: inout Intent, _ worker: KernelWorker
    ) throws {
        for planned in steps {
            let index = intent.disks.firstIndex { $0.lun == planned.lun }
            if let index, intent.disks[index].state == .failed { continue }
            let outcome = try worker.perform(planned.step, until: Clock.now + Self.patience)
            guard let reason = outcome.failure else { continue }
            recorder.record(
                "\(request.name): '\(planned.step)' failed: \(reason)", .warning,
                Event(.export, .named("\(request.name)"), .failed))
            guard let index else {
                intent.state = .incomplete
                intent.lastError = "'\(planned.step)' failed: \(reason)."
                try intent.write()
                throw Failure.step(planned.step, reason: reason, name: request.name)
            }
            intent.disks[index].state = .failed
            intent.disks[index].lastError = "'\(planned.step)' failed: \(reason)."
            try takeBack(planned, worker, Layout(intent.wanted))
        }
    }

    /// Of a disk that cannot be opened nothing is left behind, so that the next run begins anew.
    private func takeBack(
        _ planned: PlannedStep, _ worker: KernelWorker, _ layout: Layout
    ) throws(SystemError) {
        guard let lun = planned.lun, planned.step.path.hasPrefix(layout.backstore(lun) + "/")
        else { return }
        _ = try worker.perform(
            .removeDirectory(layout.backstore(lun)), until: Clock.now + Self.patience)
    }

    package enum Failure: Error, CustomStringConvertible {
        case step(Step, reason: String, name: ExportName)

        package var description: String {
            switch self {
            case .step(let step, let reason, let name):
                "'\(step)' failed in \(ConfigTree.root): \(reason). 'dmesg' says more. Run the same command again, or "
                    + "'davit export stop \(name)', which takes away what is there."
            }
        }
    }
}

extension Intent {
    /// With the states of the disks as they are once the steps have been carried out.
    var settled: Intent {
        var settled = self
        for index in settled.disks.indices where settled.disks[index].state != .failed {
            settled.disks[index].state = settled.disks[index].path == nil ? .waiting : .exported
        }
        let states = Set(settled.disks.map(\.state))
        settled.state =
            states.contains(.failed)
            ? .incomplete : states.contains(.waiting) ? .waiting : .exported
        settled.lastError = settled.disks.compactMap(\.lastError).first
        return settled
    }
}
