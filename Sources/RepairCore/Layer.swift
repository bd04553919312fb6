/// What has to be assembled, activated or opened before there is a file system to look at.
package struct Layer: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package let path: String
        package let place: String?
        package let events: UInt64?
    }

    /// As libblkid calls it, such as `linux_raid_member`.
    package let type: String
    package let mark: LayerMark?
    package private(set) var members: [Member] = []
    /// What already lies on the members.
    package private(set) var holders: [String] = []

    package init(_ device: LookedAt, type: String) {
        self.type = type
        mark = device.mark
        add(device)
    }

    mutating func add(_ device: LookedAt) {
        members.append(
            Member(path: device.path, place: device.mark?.place, events: device.mark?.events))
        members.sort { ($0.place ?? "~") < ($1.place ?? "~") }
        for holder in device.holders where !holders.contains(holder) { holders.append(holder) }
    }

    func isOne(with device: LookedAt) -> Bool {
        guard let mark, let other = device.mark else { return false }
        return mark.isPart(ofSameAs: other)
    }

    package var paths: [String] { members.map(\.path) }

    /// Places without a member, in words.
    package var missing: [String] {
        guard let mark else { return [] }
        let found = members.compactMap(\.place)
        let empty = mark.places.filter { !found.contains($0) }
        return empty.map { mark.kind == .md ? "member \($0)" : "the physical volume \($0)" }
    }

    /// Members that md would leave out, because the others were written to without them.
    private var stale: [String] {
        let newest = members.compactMap(\.events).max() ?? 0
        // One event apart is what a power cut leaves; md takes such a member.
        return members.filter { ($0.events ?? newest) &+ 1 < newest }.map {
            "\($0.path) is older (\($0.events ?? 0) of \(newest) events)"
        }
    }

    package var name: String {
        let label = mark?.name ?? ""
        return label.isEmpty ? mark?.uuid ?? "" : label
    }

    // MARK: What to do

    /// How davit opens it.
    package enum Opening: Sendable, Equatable {
        case run(Invocation, package: String)
        /// `davit unlock`, which asks for the passphrase.
        case unlock
        case nothing(why: String)
    }

    /// - Parameter allowMissing: goes on with members missing, as far as the format can.
    package func opening(allowMissing: Bool) -> Opening {
        if !holders.isEmpty {
            return .nothing(why: "it is open as \(holders.joined(separator: ", "))")
        }
        guard let mark else { return .nothing(why: "davit does not know how") }
        if !missing.isEmpty {
            let words = missing.joined(separator: ", ")
            guard allowMissing else {
                return .nothing(
                    why:
                        "missing: \(words). Bring them; or, knowing that, go on without them with --degraded"
                )
            }
            guard mark.kind != .md || missing.count <= mark.spareable else {
                return .nothing(why: "missing: \(words), and it does not work without them")
            }
        }
        switch mark.kind {
        case .luks: return .unlock
        case .md:
            var arguments = ["--assemble"]
            if !missing.isEmpty { arguments.append("--run") }
            return .run(
                Invocation("mdadm", arguments + [node] + paths), package: "mdadm")
        case .lvm:
            let mode = missing.isEmpty ? "complete" : "partial"
            return .run(
                Invocation(
                    "lvm",
                    ["vgchange", "--activate", "y", "--activationmode", mode, "--yes", mark.name]),
                package: "lvm2")
        }
    }

    /// A node of a name that says where it comes from; the name in the superblock may begin with a host's.
    private var node: String {
        let last = name.split(separator: ":").last.map(String.init) ?? ""
        let plain = last.filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        return "/dev/md/" + (plain.isEmpty ? "davit" : plain)
    }

    /// What it is and what to do, in whole sentences.
    package var words: String {
        let what =
            switch mark?.kind {
            case .md: "md array \(name) on \(paths.joined(separator: ", "))"
            case .lvm: "volume group \(name) on \(paths.joined(separator: ", "))"
            case .luks:
                "\(paths.joined(separator: ", ")) is encrypted (LUKS \(mark?.uuid ?? ""))"
            case nil: "\(paths.joined(separator: ", ")) holds \(type)"
            }
        if !holders.isEmpty {
            return "\(what). It is open as \(holders.joined(separator: ", ")): look there."
        }
        var text = what + "."
        if !missing.isEmpty {
            text +=
                " Missing: \(missing.joined(separator: ", ")). It is left alone until they are here, or until it is told --degraded."
            if mark?.kind == .md {
                text += " What is written while a member is away makes that member stale."
            }
            return text
        }
        for sentence in stale { text += " \(sentence)." }
        switch mark?.kind {
        case .md:
            text +=
                " Assemble it so that no resync begins before the first write: 'davit repair --open \(paths.first ?? "")', or read-only: mdadm --assemble --readonly \(node) \(paths.joined(separator: " "))."
        case .lvm:
            text +=
                " Activate it: 'davit repair --open \(paths.first ?? "")', or vgchange --activate y \(name)."
        case .luks: text += " Open it: davit unlock."
        case nil:
            text +=
                type == "swap"
                ? " There is nothing to repair; mkswap makes it anew."
                : " davit cannot repair that."
        }
        return text
    }
}
