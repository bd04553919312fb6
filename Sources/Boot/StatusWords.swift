import BootCore
import JSONKit
import LinuxKit

extension Status {
    /// The status for people: a heading and one block for each part, a line for each thing.
    package var words: String {
        let heading =
            "\(Host.name), Linux \(Host.kernelRelease) \(Host.architecture), up \(now.inWords)\n"
        return heading
            + block("Boot", [stage.words] + [obstacle].compactMap { $0 })
            + block("Room", runIsFull ? [Self.full] : [])
            + block("Unlock", unlock.map(unlockLine))
            + block(
                "Network",
                network.isEmpty ? ["no interface is configured by davit"] : network.map(networkLine)
            )
            + block("SSH", [listenerLine] + sessions.map(sessionLine))
            + block("Export", exports.map(exportLine))
            + block("Repair", repairs.map(repairLine))
            + block("Shells", shellLines)
            + block("Kernel", kernelNotes.map(noteLine))
            + block("Services", serviceLines)
    }

    private static var full: String {
        "\(Roots.run) is full: what stands below may be old. Remove what somebody uploaded to /run."
    }

    private func block(_ title: String, _ lines: [String]) -> String {
        let indent = String(repeating: " ", count: 10)
        let head = title + String(repeating: " ", count: max(1, 10 - title.count))
        return lines.enumerated().map { ($0 == 0 ? head : indent) + $1 + "\n" }.joined()
    }

    private func noteLine(_ note: KernelNotes.Note) -> String {
        let ago = max(.zero, now - note.last).inWords
        let times = note.count == 1 ? "\(ago) ago" : "\(note.count) times, last \(ago) ago"
        return "\(note.words) (\(times): \(note.line))"
    }

    private func unlockLine(_ device: JSON) -> String {
        let name = device["name"]?.string ?? "?"
        let source = device["source"]?.string ?? "?"
        var line =
            "\(name): \(device["state"]?.string ?? "?") since \(ago(device["since"])) (\(source))"
        if let missing = device["missing"]?.string, missing != source {
            line += "; missing: \(missing)"
        }
        if let tries = device["tries"]?.int, tries > 0 { line += "; tries: \(tries)" }
        if let error = device["lastError"]?.string { line += "; last error: \(error)" }
        return line
    }

    private func networkLine(_ interface: JSON) -> String {
        let name = interface["interface"]?.string ?? "?"
        var line = "\(name): \(interface["state"]?.string ?? "?") since \(ago(interface["since"]))"
        if interface["carrier"] == false, interface["state"] != "absent" {
            line += "; no carrier (is the cable in?)"
        }
        if let address = interface["address"]?.string {
            line += "; \(address)"
            if let gateway = interface["gateway"]?.string { line += " via \(gateway)" }
        } else {
            if let own = interface["linkLocal"]?.string { line += "; \(own) by its own choice" }
            if let tries = interface["tries"]?.int { line += "; tries: \(tries)" }
            if let next = interface["nextTryAt"], next != .null {
                line += "; next \(ahead(next))"
            }
        }
        // The link-local ones are of use only to who has nothing better.
        let addresses = (interface["ipv6"]?["addresses"]?.array ?? []).compactMap(\.string)
        let global = addresses.filter { !$0.hasPrefix("fe80:") }
        for one in global.isEmpty ? addresses : global { line += "; \(one)" }
        if let name = interface["mdns"]?.string { line += "; found as \(name)" }
        if let error = interface["lastError"]?.string { line += "; last error: \(error)" }
        return line
    }

    private var listenerLine: String {
        guard listener != .null else { return "nobody listens" }
        let addresses = listener["listening"]?.array?.compactMap { $0.string } ?? []
        var line =
            addresses.isEmpty
            ? "cannot listen yet" : "listens on \(addresses.joined(separator: ", "))"
        line += " since \(ago(listener["since"]))"
        if let error = listener["lastError"]?.string { line += "; last error: \(error)" }
        return line
    }

    private func sessionLine(_ session: JSON) -> String {
        let peer = session["peer"]?.string ?? "?"
        var line = "\(peer) since \(ago(session["since"]))"
        if let key = session["key"]?.string { line += ", key \(key)" }
        if let command = session["command"]?.string { line += ", runs: \(command)" }
        return line
    }

    private func exportLine(_ export: JSON) -> String {
        let disks = export["disks"]?.array ?? []
        let out = disks.filter { $0["state"]?.string == "exported" }.count
        let portals = (export["portals"]?.array ?? []).compactMap(\.string)
        var line = "\(export["name"]?.string ?? "?"): \(export["state"]?.string ?? "?") since "
        line += "\(ago(export["since"])); \(out) of \(disks.count) disks at "
        line += portals.joined(separator: ", ") + "; who uses it: davit export status"
        if let error = export["lastError"]?.string { line += "; last error: \(error)" }
        return line
    }

    private func repairLine(_ record: JSON) -> String {
        let members = (record["members"]?.array ?? []).compactMap(\.string)
        var line = "\(record["purpose"]?.string ?? "repair") \(record["id"]?.int ?? 0) of "
        line += "\(record["type"]?.string ?? "?") on \(members.joined(separator: " ")): "
        let words = record["words"]?.string ?? ""
        switch record["state"]?.string {
        case "ended":
            line +=
                "ended \(ago(record["endedAt"])) ago: \(record["exit"]?["words"]?.string ?? "?")"
        case "interrupted": line += "was interrupted in: \(words)"
        case let state:
            if state == "cancelling" { line += "being cancelled, " }
            line += "\(record["verdict"]?["verdict"]?.string ?? "unknown") since "
            line += "\(ago(record["startedAt"])): \(words)"
            line += "; to follow it: davit repair watch \(record["id"]?.int ?? 0)"
        }
        return line
    }

    /// A line for each shell that goes on without a session.
    package var shellLines: [String] {
        shells.map { shell in
            let id = shell["id"]?.int ?? 0
            var line = "\(id) since \(ago(shell["since"])), runs: \(shell["runs"]?.string ?? "?")"
            if shell["isShown"] == true { line += ", shown in a session" }
            return line + "; to go on with it: davit shell \(id)"
        }
    }

    private var serviceLines: [String] {
        guard let services = supervisor["services"]?.array else {
            return ["the supervisor does not run here"]
        }
        return services.map { service in
            let name = service["name"]?.string ?? "?"
            var line = "\(name): \(service["state"]?.string ?? "?") since \(ago(service["since"]))"
            if let starts = service["starts"]?.int, starts > 1 {
                line += "; started \(starts) times"
            }
            if let end = service["lastEnd"]?.string { line += "; last ended with \(end)" }
            if let next = service["nextStartAt"], next != .null {
                line += "; started again \(ahead(next))"
            }
            return line
        }
    }

    private func ago(_ time: JSON?) -> String {
        guard let time = time?.int else { return "?" }
        return max(.zero, now - .milliseconds(time)).inWords
    }

    private func ahead(_ time: JSON) -> String {
        guard let time = time.int else { return "at an unknown time" }
        let left = Duration.milliseconds(time) - now
        return left > .zero ? "in \(left.inWords)" : "now"
    }
}
