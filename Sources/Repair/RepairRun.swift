import LinuxKit
import RepairCore

/// From a target to a job: what has to be true before a checker is started.
package struct RepairRun: Sendable {
    package var purpose = Purpose.check
    package var consent = Consent()
    package var allowMissing = false
    /// By a mount in the kernel in place of a checker.
    package var inKernel = false
    /// By the kernel's own fsck in place of a checker.
    package var byKernelFsck = false
    /// A checker's path, where none is to be searched for.
    package var checker: String?
    package var logTo: String?
    /// On overlays, with what is reachable counted before and after.
    package var isTrial = false
    package var overlayIn: String?
    /// How long each of the two looks of a trial may read the files' content.
    package var readSeconds = 600
    package var patienceSeconds = 45

    package init() {}

    /// What is ready to be started.
    package struct Prepared: Sendable {
        package let subject: Subject
        package let cannotBeUndone: [String]
        package let request: JobRequest
    }

    /// Chooses the one file system among the findings and refuses what must not be done.
    /// - Throws: `.nothingToRepair`, `.several`, `.refused`, `.noChecker`, `.notAProgram`, `.logPlace`.
    package func prepare(_ look: Look) throws(RepairError) -> Prepared {
        let subjects = look.subjects
        guard let subject = subjects.first else {
            throw .nothingToRepair(look.findings.isEmpty ? [] : [look.words])
        }
        guard subjects.count == 1 else { throw .several(subjects.map(\.name)) }
        let others = look.findings.filter { finding in
            if case .ambiguous = finding { true } else { false }
        }
        guard others.isEmpty else { throw .nothingToRepair([look.words]) }

        let plan = Plan(for: subject, consent: consent, allowMissing: allowMissing)
        guard plan.obstacles.isEmpty else {
            throw .refused(what: subject.name, obstacles: plan.obstacles)
        }
        if purpose == .repair, !isTrial, let path = subject.paths.first(where: Self.isReadOnly) {
            throw .refused(
                what: subject.name,
                obstacles: [
                    "\(path) can only be read. An array that was assembled read-only becomes writable by 'mdadm --readwrite \(path)', a disk by 'blockdev --setrw \(path)'; --trial works without."
                ])
        }
        if let logTo, let reason = RecordCopy.refusal(of: logTo, members: subject.paths) {
            throw .logPlace(logTo, reason: reason)
        }
        if inKernel || byKernelFsck {
            guard var (mount, final) = plan.mount(for: purpose, isFsck: byKernelFsck) else {
                throw .notInKernel(type: subject.system.type, purpose: purpose.rawValue)
            }
            if !subject.missing.isEmpty,
                let option = Backends.named(subject.system.backend)?.degradedOption
            {
                mount = mount.adding(option)
            }
            var request = JobRequest(
                mount, for: purpose, of: subject, logTo: logTo, patienceSeconds: patienceSeconds)
            setTrial(&request)
            if isTrial { final = [] }
            return Prepared(subject: subject, cannotBeUndone: final, request: request)
        }
        guard let backend = Backends.named(subject.system.backend),
            let (invocation, final) = plan.invocation(for: purpose)
        else { throw .nothingToRepair([]) }
        let found = try Checkers.find(for: backend, given: checker)
        var request = JobRequest(
            invocation, for: purpose, of: subject, with: found, logTo: logTo,
            patienceSeconds: patienceSeconds)
        setTrial(&request)
        return Prepared(
            subject: subject, cannotBeUndone: isTrial ? [] : final, request: request)
    }

    private static func isReadOnly(_ path: String) -> Bool {
        guard let node = BlockNode(at: path) else { return false }
        return node.attribute("ro") == "1"
    }

    private func setTrial(_ request: inout JobRequest) {
        request.isTrial = isTrial
        request.overlayIn = overlayIn
        request.readSeconds = readSeconds
    }
}
