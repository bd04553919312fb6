import JSONKit
import LinuxKit
import RepairCore

extension Look {
    /// What was found and what davit would do, in words.
    package var words: String {
        guard !findings.isEmpty else {
            return
                "No file system was found. 'davit unlock --list' shows encrypted disks; an image file has to be named.\n"
        }
        return findings.map(words).joined(separator: "\n")
    }

    package var json: JSON { ["findings": .array(findings.map(\.json))] }

    private func words(_ finding: Finding) -> String {
        switch finding {
        case .fileSystem(let subject): words(subject)
        case .layer(let layer):
            ([layer.words] + ArrayActivity.words(below: layer.holders).map { "  \($0)" })
                .joined(separator: "\n") + "\n"
        case .ambiguous(let path, let types):
            "\(path) carries the marks of \(types.joined(separator: " and of ")). Nobody can say which is right, so davit does nothing. 'wipefs \(path)' shows them and can remove the wrong one.\n"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason).\n"
        case .nothing(let path):
            "\(path): no file system is recognised, and no copy of a superblock was found.\n"
        }
    }

    private func words(_ subject: Subject) -> String {
        let system = subject.system
        var text = "\(subject.name): \(system.state.words), \(system.journal.words)\n"
        for member in subject.members {
            let index = member.system.memberIndex.map { "member \($0): " } ?? ""
            let users = member.users.isEmpty ? "" : " (\(member.users.joined(separator: ", ")))"
            let own = subject.members.count > 1 ? ", \(member.system.state.words)" : ""
            text += "  \(index)\(member.path)\(own)\(users)\n"
        }
        for place in subject.missing { text += "  missing: \(place)\n" }
        text += Self.facts(system).map { "  \($0)\n" }.joined()
        for array in ArrayActivity.words(below: subject.paths) { text += "  below: \(array)\n" }
        if let scrub = ScrubActivity.words(of: subject, uses) { text += "  \(scrub)\n" }
        if let last = Jobs.unfinishedAttempt(on: subject, in: logPlace) {
            text += "  \(Self.words(last, now: system))\n"
        }
        return text + Self.plan(subject)
    }

    private static func facts(_ system: FileSystem) -> [String] {
        var facts: [String] = []
        if let mounted = system.lastMountedAt {
            let place = system.lastMountPoint.map { " at \($0)" } ?? ""
            facts.append("last mounted \(Date.words(mounted))\(place)")
        }
        if system.recordedErrors > 0 {
            let time = system.lastErrorAt.map { ", the last \(Date.words($0))" } ?? ""
            facts.append("\(system.recordedErrors) errors recorded\(time)")
        }
        if system.checksumFits == false { facts.append("the superblock's checksum does not fit") }
        if let copy = system.copy {
            facts.append("its first superblock is lost; there is a copy at block \(copy.block)")
        }
        return facts
    }

    /// How an attempt ended that did not come to its end, and what it changed.
    private static func words(_ record: JSON, now system: FileSystem) -> String {
        let id = record["id"]?.int ?? 0
        let purpose = record["purpose"]?.string ?? "repair"
        let ended = record["state"]?.string == "ended" ? "was cancelled" : "was interrupted"
        var text =
            "The last attempt (\(purpose) \(id)) \(ended) in: \(record["words"]?.string ?? "no phase")."
        if let wall = record["startedWall"]?.int {
            text += " It began \(Date.words(UInt64(clamping: wall)))."
        }
        if let before = record["before"], let state = before["state"]?.string,
            let journal = before["journal"]?.string
        {
            let sequence = before["sequence"]?.int.map { UInt64(clamping: $0) }
            let isSame =
                state == system.state.words && journal == system.journal.words
                && sequence == system.sequence
            text +=
                isSame
                ? " The state and the journal are those from before it."
                : " Before it: \(state), \(journal)\(sequence.map { ", sequence \($0)" } ?? ""); now: \(system.state.words), \(system.journal.words)\(system.sequence.map { ", sequence \($0)" } ?? "")."
        }
        switch purpose {
        case "check": text += " A check writes nothing: begin it anew."
        case "trial": text += " A trial writes to overlays only: begin it anew."
        default:
            text +=
                " What it had repaired stays repaired; what it was at may be half done. Begin with --check, and the same command then goes on with what is left."
        }
        return text
    }

    private static func plan(_ subject: Subject) -> String {
        let plan = Plan(for: subject)
        var text = plan.obstacles.map { "  not now: \($0)\n" }.joined()
        for (number, step) in plan.steps.enumerated() {
            text += "  \(number + 1). \(step.words)\n"
            if case .mount(_, let mount, let final) = step {
                let options = mount.options.isEmpty ? "" : " -o \(mount.options)"
                if !mount.isFsck { text += "     mount -t \(mount.type)\(options)\n" }
                text += final.map { "     Cannot be undone: \($0)\n" }.joined()
            }
            guard case .run(_, let invocation, _, let final) = step else { continue }
            text += "     \(([invocation.program] + invocation.arguments).joined(separator: " "))\n"
            text += final.map { "     Cannot be undone: \($0)\n" }.joined()
        }
        if let backend = Backends.named(subject.system.backend) {
            let search = Checkers.Search(for: backend.programs)
            for sentence in search.passedOver { text += "  not used: \(sentence)\n" }
            if search.path == nil {
                text +=
                    "  not here: \(backend.programs.joined(separator: " or ")) (Debian package \(backend.package)). Upload it to \(Checkers.uploads)\(plan.mount(for: .repair) == nil ? "" : ", or use --kernel").\n"
            }
        }
        return text + plan.traps.map { "  know: \($0)\n" }.joined() + next(subject, plan)
    }

    /// What to type, where something is to be done and nothing is in the way.
    private static func next(_ subject: Subject, _ plan: Plan) -> String {
        guard plan.obstacles.isEmpty, let backend = Backends.named(subject.system.backend) else {
            return ""
        }
        // What comes first then is not davit's to do, or there is nothing to do.
        switch plan.steps.first {
        case .advise, .leave, nil: return ""
        case .trial, .run, .mount: break
        }
        let isHere = Checkers.path(of: backend.programs) != nil
        guard isHere || plan.mount(for: .repair) != nil else { return "" }
        let words = (isHere ? "" : "--kernel ") + subject.paths.joined(separator: " ") + "\n"
        return "  next: davit repair --trial \(words)  then: davit repair --run \(words)"
    }
}

extension Subject {
    /// `ext4 "root" 4f1c… on /dev/sda1`.
    package var name: String {
        let label = system.label.isEmpty ? "" : " \"\(system.label)\""
        let version = system.backend == "bcachefs" ? " \(system.version)" : ""
        return
            "\(system.type)\(version)\(label) \(system.uuid) on \(paths.joined(separator: ", "))"
    }
}
