import ExportCore
import JSONKit
import LinuxKit

/// What `davit export` says to people and programs.
package enum ExportWords {
    package static func dryRun(_ result: Exporter.Result) -> String {
        guard !result.steps.isEmpty else {
            return "'\(result.intent.name)' is already there: nothing would be changed.\n"
        }
        let lines = result.steps.map { $0.step.description }
        return "# In \(ConfigTree.root):\n" + lines.joined(separator: "\n") + "\n"
    }

    package static func applied(_ result: Exporter.Result) -> String {
        let intent = result.intent
        let portals = intent.portals.map(\.description).joined(separator: ", ")
        let how = intent.isReadOnly ? ", read-only" : intent.overlay == nil ? "" : ", with overlays"
        let exported = intent.disks.filter { $0.state == .exported }.count
        var text =
            if result.steps.isEmpty {
                "'\(intent.name)' is already there: nothing was changed.\n"
            } else if result.isComplete {
                "Exported '\(intent.name)' at \(portals)\(how), as \(intent.target).\n"
            } else {
                "Exported \(exported) of the \(intent.disks.count) disks of '\(intent.name)' at \(portals)\(how), as "
                    + "\(intent.target).\n"
            }
        text += disks(intent)
        text += overlay(intent) + openness(intent) + members(intent)
        guard exported > 0 else { return text }
        return text + "\nOn the newer host:\n"
            + "  ssh \(host(intent)) davit export client \(intent.name)\(through(intent)) > davit-\(intent.name).sh\n"
            + "  sudo sh davit-\(intent.name).sh\n" + "When all is done there:\n"
            + "  sudo sh davit-\(intent.name).sh --stop\n"
            + "  ssh \(host(intent)) davit export stop \(intent.name)\n"
    }

    /// As ssh reaches this host.
    private static func host(_ intent: Intent) -> String {
        let reachable = intent.portals.first { !$0.isLoopback && !$0.isEverywhere }?.address
        return "root@\(reachable ?? Listening.sessionAddress ?? Host.name)"
    }

    /// What listens on the loopback only is reached through ssh.
    private static func through(_ intent: Intent) -> String {
        intent.portals.allSatisfy(\.isLoopback) ? " --through-ssh \(host(intent))" : ""
    }

    private static func disks(_ intent: Intent) -> String {
        intent.disks.map { disk in
            let state =
                switch disk.state {
                case .exported: disk.serial.map { "as \($0.byID)" } ?? ""
                case .waiting: "is not there yet"
                case .failed: disk.lastError ?? "failed"
                }
            return "  LUN \(disk.lun)  \(disk.device)  \(state)\n"
        }.joined()
    }

    /// What somebody who named one disk of several should know.
    private static func members(_ intent: Intent) -> String {
        var text = ""
        let paths = Set(intent.disks.compactMap(\.path))
        for uuid in intent.disks.compactMap(\.fileSystem).uniqued {
            let members = intent.disks.filter { $0.fileSystem == uuid }
            let kind = members.first?.content ?? ""
            let others = members.flatMap(\.otherMembers).uniqued.filter { !paths.contains($0) }
            if !others.isEmpty {
                text +=
                    "Not exported, but members of the same \(kind) \(uuid): \(others.joined(separator: ", ")). All at "
                    + "once: davit export --filesystem \(uuid)\n"
            }
            let missing = members.map(\.missingMembers).max() ?? 0
            if missing > 0 {
                text +=
                    "\(missing) \(missing == 1 ? "member" : "members") of the \(kind) \(uuid) cannot be found on this "
                    + "host: is a disk still locked, or dead?\n"
            }
        }
        for disk in intent.disks where !disk.isLasting {
            text +=
                "\(disk.device) has no identity of its own: its name on the newer host may be another after a "
                + "reboot of this host.\n"
        }
        return text
    }

    private static func overlay(_ intent: Intent) -> String {
        guard let overlay = intent.overlay else { return "" }
        return
            "The disks stay as they are: what the other host writes goes into \(Overlays.place(intent)), up to "
            + "\(sizeInWords(overlay.room)) for each disk. 'davit export commit \(intent.name)' writes it to the disks.\n"
    }

    /// How full each overlay is.
    private static func fills(_ entry: ExportStatus.Entry, _ intent: Intent) -> String {
        let room = intent.overlay.map { sizeInWords($0.room) } ?? ""
        return entry.fills.sorted { $0.key < $1.key }.map { lun, fill in
            let what =
                switch fill {
                case .holds: "holds \(sizeInWords(fill?.bytes ?? 0)) of \(room)"
                case .overflowed:
                    "IS FULL: a write did not fit, and further ones fail. Export again with a larger --overlay"
                case .invalid:
                    "IS LOST: its store could not be read or written. The disk is as it was"
                case .mergeFailed:
                    "could not be written to the disk; 'dmesg' names the disk's error"
                case nil: "is not there"
                }
            return "  the overlay of LUN \(lun) \(what)\n"
        }.joined()
    }

    private static func openness(_ intent: Intent) -> String {
        var text = ""
        if !intent.authenticates {
            let may = intent.isReadOnly ? "read" : "read and overwrite"
            text +=
                "WITHOUT AUTHENTICATION: everybody who reaches the port can \(may) these disks.\n"
        } else if !intent.guardsDiscovery {
            text +=
                "Somebody else's targets are here too, so discovery is left as it is: it may show the target's "
                + "name to everybody.\n"
        }
        return text
    }

    /// `{…the intent…, steps, plan: [STEP…]}`, each step as a shell would take it in configfs' `target` directory.
    package static func json(dryRun result: Exporter.Result) -> JSON {
        guard case .object(let members) = json(result) else { return .null }
        let plan = result.steps.map { JSON.string($0.step.description) }
        return .object(members + [.init("plan", .array(plan))])
    }

    /// `{…the intent…, steps}`: how many there were.
    package static func json(_ result: Exporter.Result) -> JSON {
        guard case .object(let members) = result.intent.json else { return .null }
        return .object(members + [.init("steps", JSON(result.steps.count))])
    }

    /// What a commit is about to write.
    package static func held(_ held: [Committer.Held], _ committer: Committer) -> String {
        var text = held.map { disk in
            "  LUN \(disk.lun)  \(disk.device)  \(sizeInWords(disk.bytes)) to write\n"
        }.joined()
        text += committer.absent.map {
            "  \($0) is not here; what \(committer.place) may hold for it stays there.\n"
        }.joined()
        if committer.isUnderWay { text += "It was begun before, and goes on.\n" }
        text += "What is on the disks at these places is overwritten, and cannot be had back. "
        text +=
            committer.isInMemory
            ? "The rest is in this host's memory only: a power failure half way leaves the disks as a mixture.\n"
            : "The rest stays in \(committer.place) until it is on the disks: after a power failure, run the same 'davit "
                + "export' and this command again.\n"
        return text
    }

    package static func stopped(_ results: [Stopper.Result]) -> String {
        guard !results.isEmpty else { return "There is no export: nothing to stop.\n" }
        return results.map { result in
            var text = result.sessions.map {
                "Logged out \($0.initiator)\($0.address.map { " (\($0))" } ?? "").\n"
            }.joined()
            switch result.end {
            case .neverExisted: text += "'\(result.name)' never existed.\n"
            case .refused(let refusal): text += "\(refusal) Nothing was changed.\n"
            case .stopped: text += "'\(result.name)' stopped after \(result.took.inWords).\n"
            case .blocked(let reasons):
                text += "'\(result.name)' is stopped in part; this is in the way:\n"
                text += reasons.map { "  \($0)\n" }.joined()
                text +=
                    "Run 'davit export stop \(result.name)' again; what stays blocked goes with a reboot.\n"
            }
            if result.isMixture {
                text +=
                    "The commit was given up: the disks hold some of what was written, and not all.\n"
            }
            text += result.free.map { "  \($0) is free.\n" }.joined()
            text += result.held.map { "  \($0) is still held.\n" }.joined()
            if let file = result.kept, result.end == .stopped {
                text +=
                    "What the other host wrote is kept in \(file): the same 'davit export' goes on with it.\n"
            }
            return text
        }.joined()
    }

    package static func json(_ result: Stopper.Result) -> JSON {
        let (end, blockers): (String, [String]) =
            switch result.end {
            case .stopped: ("stopped", [])
            case .neverExisted: ("neverExisted", [])
            case .refused(let refusal): ("refused", [refusal.description])
            case .blocked(let reasons): ("blocked", reasons)
            }
        return [
            "name": .string(result.name.description), "result": .string(end),
            "blockers": .array(blockers.map { .string($0) }),
            "loggedOut": .array(result.sessions.map { .string($0.initiator) }),
            "free": .array(result.free.map { .string($0) }),
            "held": .array(result.held.map { .string($0) }),
            "mixture": .bool(result.isMixture),
            "milliseconds": JSON(result.took.milliseconds),
        ]
    }

    package static func status(_ status: ExportStatus) -> String {
        var text = status.entries.map { entry($0) }.joined()
        if status.entries.isEmpty { text = "Nothing is exported.\n" }
        for path in status.blocked { text += "The kernel does not show \(path).\n" }
        for path in status.foreign { text += "Made by somebody else, left alone: \(path)\n" }
        return text
    }

    private static func entry(_ entry: ExportStatus.Entry) -> String {
        guard let intent = entry.intent else {
            return
                "'\(entry.name)': parts of it are in configfs, and nothing says what it was to be. 'davit export "
                + "stop \(entry.name)' removes them.\n"
        }
        let portals = intent.portals.map(\.description).joined(separator: ", ")
        let since = (Clock.now - intent.since).inWords
        var text = "'\(entry.name)' \(state(entry, intent)), for \(since), at \(portals)\n"
        text += disks(intent) + fills(entry, intent) + openness(intent) + members(intent)
        text += entry.sessions.map {
            "  logged in: \($0.initiator)\($0.address.map { " from \($0)" } ?? "")\n"
        }.joined()
        if entry.sessions.isEmpty { text += "  nobody is logged in\n" }
        return text
    }

    private static func state(_ entry: ExportStatus.Entry, _ intent: Intent) -> String {
        switch intent.state {
        case .committing:
            "is being committed; run 'davit export commit \(entry.name)' again until it says that it is done"
        case .stopping: "was being stopped; run 'davit export stop \(entry.name)' again"
        case .applying, .exported, .waiting, .incomplete:
            switch entry.missing {
            case nil:
                "differs from what was asked for; 'davit export stop \(entry.name)' removes it"
            case let steps? where !steps.isEmpty:
                "lacks \(steps.count) steps; run the same 'davit export' again"
            default:
                intent.state == .waiting
                    ? "is exported in part and waits for disks"
                    : intent.state == .incomplete ? "is exported without some disks" : "is exported"
            }
        }
    }
}

extension Stopper.Result {
    /// Whether nothing of it is left.
    package var isGone: Bool {
        switch end {
        case .stopped, .neverExisted: true
        case .blocked, .refused: false
        }
    }
}
