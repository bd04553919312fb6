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
        let how = intent.isReadOnly ? ", read-only" : ""
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
        text += openness(intent) + members(intent)
        guard exported > 0 else { return text }
        return text + "\nOn the newer host:\n"
            + "  ssh root@\(intent.portals.first?.address ?? Host.name) davit export client \(intent.name) > davit-\(intent.name).sh\n"
            + "  sudo sh davit-\(intent.name).sh\n"
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

    package static func json(_ result: Exporter.Result) -> JSON {
        guard case .object(let members) = result.intent.json else { return .null }
        return .object(members + [.init("steps", JSON(result.steps.count))])
    }

    package static func stopped(_ results: [Stopper.Result]) -> String {
        guard !results.isEmpty else { return "There is no export: nothing to stop.\n" }
        return results.map { result in
            var text = result.sessions.map {
                "Logged out \($0.initiator)\($0.address.map { " (\($0))" } ?? "").\n"
            }.joined()
            switch result.end {
            case .neverExisted: text += "'\(result.name)' never existed.\n"
            case .stopped: text += "'\(result.name)' stopped after \(result.took.inWords).\n"
            case .blocked(let reasons):
                text += "'\(result.name)' is stopped in part; this is in the way:\n"
                text += reasons.map { "  \($0)\n" }.joined()
                text +=
                    "Run 'davit export stop \(result.name)' again; what stays blocked goes with a reboot.\n"
            }
            text += result.free.map { "  \($0) is free.\n" }.joined()
            text += result.held.map { "  \($0) is still held.\n" }.joined()
            return text
        }.joined()
    }

    package static func json(_ result: Stopper.Result) -> JSON {
        let (end, blockers): (String, [String]) =
            switch result.end {
            case .stopped: ("stopped", [])
            case .neverExisted: ("neverExisted", [])
            case .blocked(let reasons): ("blocked", reasons)
            }
        return [
            "name": .string(result.name.description), "result": .string(end),
            "blockers": .array(blockers.map { .string($0) }),
            "loggedOut": .array(result.sessions.map { .string($0.initiator) }),
            "free": .array(result.free.map { .string($0) }),
            "held": .array(result.held.map { .string($0) }),
            "milliseconds": JSON(result.took.milliseconds),
        ]
    }

    package static func status(_ status: ExportStatus) -> String {
        var text = status.entries.map { entry($0) }.joined()
        if status.entries.isEmpty { text = "Nothing is exported.\n" }
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
        text += disks(intent) + openness(intent) + members(intent)
        text += entry.sessions.map {
            "  logged in: \($0.initiator)\($0.address.map { " from \($0)" } ?? "")\n"
        }.joined()
        if entry.sessions.isEmpty { text += "  nobody is logged in\n" }
        return text
    }

    private static func state(_ entry: ExportStatus.Entry, _ intent: Intent) -> String {
        switch intent.state {
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
        if case .blocked = end { false } else { true }
    }
}
