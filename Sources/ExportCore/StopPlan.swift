/// The steps that take an export away, whatever part of it is there. All of them are tried: one that fails blocks only
/// what the kernel makes depend on it.
package struct StopPlan: Equatable, Sendable {
    package let steps: [Step]

    /// - Parameter adapter: the backstore adapter that the export was going to use, where that is known: an empty one
    ///   names nobody.
    package init(_ name: ExportName, in observed: Observed, adapter: Int?) {
        let groups = Self.targets(of: name, in: observed).flatMap { target in
            observed.groups(of: target)
        }
        let targets = Self.targets(of: name, in: observed)
        steps  // Everybody is logged out at once, and nobody comes back while the rest goes on.
        =
            groups.filter(observed.isEnabled).map { .write(.text("0"), to: $0 + "/enable") }
            + groups.flatMap { Self.removal(ofGroup: $0, observed) }
            + targets.map { .removeDirectory($0) }
            + Self.backstores(of: name, in: observed).map { .removeDirectory($0) }
            + Self.adapters(of: name, in: observed, adapter).map { .removeDirectory($0) }
    }

    /// The steps that take away what all exports share, once the last of them is gone: the secrets of discovery, and
    /// the fabric's directory where davit made it.
    package static func farewell(in observed: Observed, madeFabric: Bool) -> [Step] {
        guard observed.directories.contains(Layout.fabric) else { return [] }
        let isEmpty = observed.targets.isEmpty
        let isOurs = observed.attributes[Layout.discovery + "/userid"] == Secret.initiator.name
        let open = Step.write(.text("0"), to: Layout.discovery + "/enforce_discovery_auth")
        // Its own name is the last of each secret, and the initiators' the last of all: as long as it is ours, a run that
        // follows a kill knows that the rest is.
        let credentials = Secret.allCases.reversed()
            .filter { observed.attributes["\(Layout.discovery)/\($0.user)"] == $0.name }
            .flatMap { [$0.attribute, $0.user] }
        let silence =
            (observed.shows(open) ? [] : [open])
            // The kernel takes this word for "none".
            + credentials.map { Step.write(.text("NULL"), to: "\(Layout.discovery)/\($0)") }
        return (isOurs ? silence : [])
            + (isEmpty && madeFabric ? [.removeDirectory(Layout.fabric)] : [])
    }

    static func removal(ofList path: String, _ observed: Observed) -> [Step] {
        observed.children(of: path).flatMap { mapped in
            observed.links(in: mapped).map { Step.removeLink($0) } + [.removeDirectory(mapped)]
        } + [.removeDirectory(path)]
    }

    private static func removal(ofGroup path: String, _ observed: Observed) -> [Step] {
        let luns = observed.children(of: path + "/lun").flatMap { lun in
            observed.links(in: lun).map { Step.removeLink($0) } + [.removeDirectory(lun)]
        }
        let lists = observed.children(of: path + "/acls").flatMap { removal(ofList: $0, observed) }
        // Last before the group itself: this is the step that can hang, and the disks are free by then.
        let portals = observed.children(of: path + "/np").map { Step.removeDirectory($0) }
        return lists + luns + portals + [.removeDirectory(path)]
    }

    private static func targets(of name: ExportName, in observed: Observed) -> [String] {
        observed.targets.filter { $0.iqn.export == name }.map { $0.path }
    }

    private static func backstores(of name: ExportName, in observed: Observed) -> [String] {
        observed.backstores.filter { Layout.export(ofBackstore: $0) == name }
    }

    /// Adapters that hold this export's backstores and nothing else.
    private static func adapters(
        of name: ExportName, in observed: Observed, _ known: Int?
    ) -> [String] {
        let own = backstores(of: name, in: observed).map { Observed.parent($0) }
        let candidates = Set(own + (known.map { [Layout.adapter($0)] } ?? []))
        return candidates.sorted().filter { adapter in
            observed.directories.contains(adapter)
                && observed.children(of: adapter).allSatisfy {
                    Layout.export(ofBackstore: $0) == name
                }
        }
    }
}

extension Observed {
    /// The iSCSI targets that there are, everybody's.
    package var targets: [(path: String, iqn: IQN)] {
        children(of: Layout.fabric).compactMap { path in
            guard let name = path.split(separator: "/").last, let iqn = try? IQN(String(name))
            else { return nil }
            return (path, iqn)
        }
    }

    /// The groups of portals of a target; davit's have one.
    package func groups(of target: String) -> [String] {
        children(of: target).filter { $0.split(separator: "/").last?.hasPrefix("tpgt_") == true }
    }

    /// The backstores that there are, everybody's, of every kind.
    package var backstores: [String] {
        children(of: "core").flatMap { children(of: $0) }
            .filter { attributes["\($0)/enable"] != nil }
    }

    /// The exports that have any part in configfs.
    package var exports: Set<ExportName> {
        Set(
            targets.compactMap { $0.iqn.export }
                + backstores.compactMap { Layout.export(ofBackstore: $0) })
    }

    /// The lowest number that no adapter of any kind has.
    package var freeAdapter: Int {
        let taken = Set(
            children(of: "core").compactMap { path in
                path.split(separator: "_").last.flatMap { Int($0) }
            })
        // One more than there are taken ones always has a free one among them.
        return (0...taken.count).first { !taken.contains($0) } ?? taken.count
    }
}
