/// What davit would do about one file system, in order, and why.
package struct Plan: Sendable, Equatable {
    package enum Step: Sendable, Equatable {
        /// Nothing has to be done.
        case leave(why: String)
        /// Something that the person does.
        case advise(String)
        /// The repair on overlays of all members.
        case trial
        /// A run of the checker.
        case run(Purpose, Invocation, why: String, cannotBeUndone: [String])
        /// A mount, or the kernel's own fsck, that lets the kernel do it in place of a checker.
        case mount(Purpose, KernelMount, cannotBeUndone: [String])

        package var words: String {
            switch self {
            case .leave(let why): "Nothing: \(why)"
            case .advise(let advice): advice
            case .trial:
                "Try the repair with --trial: on overlays of all members, so that nothing on them changes; what can be reached is compared before and after."
            case .run(.check, _, let why, _): "Check, read-only: \(why)"
            case .run(.repair, _, let why, _): "Repair: \(why)"
            case .mount(let purpose, let mount, _) where mount.isFsck:
                "Or \(purpose.rawValue) by the kernel's own fsck (Linux 6.8), with --\(purpose == .check ? "check" : "run") --kernel-fsck; nothing is mounted."
            case .mount(.check, _, _):
                "Or check in the kernel, with --check --kernel; nothing is written."
            case .mount(.repair, _, _):
                "Or let the kernel do it, with --run --kernel: it mounts, which replays the journal, and unmounts."
            }
        }
    }

    /// Why nothing may be started now; whole sentences.
    package let obstacles: [String]
    package let steps: [Step]
    package let traps: [String]

    /// The mount that serves `purpose` in the kernel, or the kernel's own fsck.
    package func mount(
        for purpose: Purpose, isFsck: Bool = false
    ) -> (KernelMount, cannotBeUndone: [String])? {
        for case .mount(purpose, let mount, let final) in steps where mount.isFsck == isFsck {
            return (mount, final)
        }
        return nil
    }

    /// The run that serves `purpose`.
    package func invocation(for purpose: Purpose) -> (Invocation, cannotBeUndone: [String])? {
        for case .run(purpose, let invocation, _, let final) in steps { return (invocation, final) }
        return nil
    }

    package init(for subject: Subject, consent: Consent = Consent(), allowMissing: Bool = false) {
        let system = subject.system
        guard let backend = Backends.named(system.backend) else {
            obstacles = ["davit has no checker for \(system.type)."]
            steps = []
            traps = []
            return
        }
        traps = backend.traps
        obstacles = Self.obstacles(subject, allowMissing: allowMissing)

        var steps: [Step] = []
        if !subject.missing.isEmpty {
            steps.append(
                .advise(
                    "Connect, unlock or import the missing: \(subject.missing.joined(separator: ", "))."
                ))
        }
        let needsReplay = system.journal.isToBeReplayed
        for advice in backend.before(.repair, system) where !consent.discardLog {
            steps.append(.advise(advice))
        }
        steps.append(
            .run(
                .check,
                backend.invocation(
                    for: .check, of: system, members: subject.paths, consent: consent),
                why: needsReplay
                    ? "it writes nothing; with the journal not replayed it may name errors that the replay removes."
                    : "it writes nothing.", cannotBeUndone: []))
        steps.append(.trial)
        steps.append(
            .run(
                .repair,
                backend.invocation(
                    for: .repair, of: system, members: subject.paths, consent: consent),
                why: Self.reason(system),
                cannotBeUndone: backend.cannotBeUndone(
                    system, consent: consent)))
        for purpose in Purpose.allCases {
            let final =
                purpose == .repair && system.backend == "bcachefs"
                ? backend.cannotBeUndone(system, consent: Consent()) : []
            let mounts = [
                backend.kernelMount(for: purpose, of: system), backend.kernelFsck(for: purpose),
            ]
            for case .some(let mount) in mounts {
                steps.append(.mount(purpose, mount, cannotBeUndone: final))
            }
        }
        if system.state == .clean, system.recordedErrors == 0, subject.missing.isEmpty {
            steps.insert(.leave(why: "it was closed in order and has recorded no errors."), at: 0)
        }
        self.steps = steps
    }

    private static func reason(_ system: FileSystem) -> String {
        if let copy = system.copy {
            return
                "the first superblock is lost; the copy at block \(copy.block) is sound and takes its place."
        }
        if system.recordedErrors > 0 {
            return "it has recorded \(system.recordedErrors) errors about itself."
        }
        switch system.state {
        case .damaged: return "it is marked as damaged."
        case .unclean: return "it was not closed in order."
        case .clean: return "only when the check finds errors."
        case .unknown: return "only when the check finds errors."
        }
    }

    private static func obstacles(_ subject: Subject, allowMissing: Bool) -> [String] {
        var obstacles: [String] = []
        if !subject.users.isEmpty {
            obstacles.append(
                "It is in use (\(subject.users.joined(separator: "; "))). Release it first.")
        }
        if !subject.missing.isEmpty, !allowMissing {
            obstacles.append(
                "Missing: \(subject.missing.joined(separator: ", ")). Bring them, or go on without them with --degraded."
            )
        }
        for words in subject.doubled {
            obstacles.append("\(words). Name the members that belong together.")
        }
        return obstacles
    }
}
