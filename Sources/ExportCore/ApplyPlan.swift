/// The steps that lead from what configfs holds to what is wanted; none when it is there already.
package struct ApplyPlan: Equatable, Sendable {
    package let steps: [PlannedStep]

    /// - Throws: `Refusal.holdsOther` when what is there stands in the way and cannot be changed under a session.
    package init(_ wanted: Wanted, over observed: Observed) throws(Refusal) {
        try Self.refuseConflicts(wanted, observed)
        try Self.refuseGuests(wanted, observed)
        steps =
            Self.removals(wanted, observed)
            + Self.everything(wanted).filter { !observed.shows($0.step) }
    }

    /// All steps on a machine that has nothing, in the order in which the kernel accepts them.
    package static func everything(_ wanted: Wanted) -> [PlannedStep] {
        backstores(wanted) + target(wanted) + luns(wanted) + access(wanted) + opening(wanted)
    }

    private static func backstores(_ wanted: Wanted) -> [PlannedStep] {
        let layout = Layout(wanted)
        var steps = [PlannedStep(.makeDirectory(layout.adapter))]
        for disk in wanted.disks {
            let path = layout.backstore(disk.lun)
            var own: [Step] = [.makeDirectory(path)]
            if wanted.isReadOnly { own.append(.write(.text("readonly=1"), to: path + "/control")) }
            own += [
                .write(.text("udev_path=\(disk.path)"), to: path + "/control"),
                // Before a LUN leads here: EINVAL afterwards.
                .write(.text(disk.serial.digits), to: path + "/wwn/vpd_unit_serial"),
                // Opens the device exclusively.
                .write(.text("1"), to: path + "/enable"),
                // The other host must not be able to discard what is to be saved.
                .write(.text("0"), to: path + "/attrib/emulate_tpu"),
                .write(.text("0"), to: path + "/attrib/emulate_tpws"),
            ]
            steps += own.map { PlannedStep($0, lun: disk.lun) }
        }
        return steps
    }

    private static func target(_ wanted: Wanted) -> [PlannedStep] {
        let layout = Layout(wanted)
        func attribute(_ name: String, _ value: Bool) -> Step {
            .write(.text(value ? "1" : "0"), to: "\(layout.group)/attrib/\(name)")
        }
        let steps: [Step] =
            [.makeDirectory(Layout.fabric)] + discovery(wanted) + [
                .makeDirectory(layout.target),
                .makeDirectory(layout.group),
                attribute("authentication", wanted.authenticates),
                // Before generate_node_acls, or a session that logs in meanwhile stays write-protected.
                attribute("demo_mode_write_protect", wanted.isReadOnly),
                attribute("prod_mode_write_protect", wanted.isReadOnly),
                attribute("generate_node_acls", wanted.initiators.isEmpty),
                .write(
                    .text(wanted.authenticates ? "CHAP" : "None"),
                    to: "\(layout.group)/param/AuthMethod"),
            ] + (wanted.authenticates ? credentials(layout.group + "/auth") : [])
        return steps.map { PlannedStep($0) }
    }

    /// Without it everybody sees the target's name.
    private static func discovery(_ wanted: Wanted) -> [Step] {
        guard wanted.authenticates, wanted.guardsDiscovery else { return [] }
        return credentials(Layout.discovery)
            + [.write(.text("1"), to: Layout.discovery + "/enforce_discovery_auth")]
    }

    /// The target proves itself as soon as it has a secret of its own, and to those that ask for it: from Linux 6.1 on
    /// others are served all the same, before they are not.
    /// Source: drivers/target/iscsi/iscsi_target_auth.c, chap_server_compute_hash.
    private static func credentials(_ directory: String) -> [Step] {
        Secret.allCases.flatMap { secret -> [Step] in
            [
                .write(.text(secret.name), to: "\(directory)/\(secret.user)"),
                .write(.secret(secret), to: "\(directory)/\(secret.attribute)"),
            ]
        }
    }

    private static func luns(_ wanted: Wanted) -> [PlannedStep] {
        let layout = Layout(wanted)
        return wanted.disks.flatMap { disk in
            [
                PlannedStep(.makeDirectory(layout.lun(disk.lun)), lun: disk.lun),
                PlannedStep(
                    .link(layout.lun(disk.lun) + "/backstore", to: layout.backstore(disk.lun)),
                    lun: disk.lun),
            ]
        }
    }

    private static func access(_ wanted: Wanted) -> [PlannedStep] {
        let layout = Layout(wanted)
        return wanted.initiators.flatMap { initiator in
            let list = layout.list(initiator)
            var steps = [PlannedStep(.makeDirectory(list))]
            if wanted.authenticates {
                steps += credentials(list + "/auth").map { PlannedStep($0) }
            }
            for disk in wanted.disks {
                let mapped = layout.mapped(disk.lun, for: initiator)
                let own: [Step] = [
                    .makeDirectory(mapped),
                    .link(mapped + "/lun", to: layout.lun(disk.lun)),
                    .write(.text(wanted.isReadOnly ? "1" : "0"), to: mapped + "/write_protect"),
                ]
                steps += own.map { PlannedStep($0, lun: disk.lun) }
            }
            return steps
        }
    }

    private static func opening(_ wanted: Wanted) -> [PlannedStep] {
        let layout = Layout(wanted)
        return wanted.portals.map { PlannedStep(.makeDirectory(layout.portal($0))) }
            + [PlannedStep(.write(.text("1"), to: layout.group + "/enable"))]
    }

    /// Initiators and portals that are not wanted any more; their sessions end, others stay.
    private static func removals(_ wanted: Wanted, _ observed: Observed) -> [PlannedStep] {
        let layout = Layout(wanted)
        let lists = Set(wanted.initiators.map { layout.list($0) })
        let portals = Set(wanted.portals.map { layout.portal($0) })
        let steps =
            observed.children(of: layout.group + "/acls").filter { !lists.contains($0) }
            .flatMap { StopPlan.removal(ofList: $0, observed) }
            + observed.children(of: layout.group + "/np").filter { !portals.contains($0) }
            .map { Step.removeDirectory($0) }
        return steps.map { PlannedStep($0) }
    }

    /// What cannot be changed in place: a LUN that holds another disk, one that is not wanted any more, a backstore
    /// that was opened for writing.
    private static func refuseConflicts(_ wanted: Wanted, _ observed: Observed) throws(Refusal) {
        let layout = Layout(wanted)
        func refuse(_ what: String) -> Refusal { .holdsOther(wanted.name, what) }
        for disk in wanted.disks {
            let path = layout.backstore(disk.lun)
            if let held = observed.info(of: path).path, held != disk.path {
                throw refuse("LUN \(disk.lun) is \(held), and \(disk.path) is wanted there")
            }
            if observed.isEnabled(path), observed.info(of: path).isReadOnly != wanted.isReadOnly {
                throw refuse(
                    "LUN \(disk.lun) is \(wanted.isReadOnly ? "writable" : "read-only"), and the "
                        + "opposite is wanted")
            }
            let isLinked = !observed.links(in: layout.lun(disk.lun)).isEmpty
            if isLinked, observed.serial(of: path) != disk.serial.digits {
                throw refuse("LUN \(disk.lun) has another serial number")
            }
        }
        let known = wanted.leftAlone.union(wanted.disks.map(\.lun)).map { layout.lun($0) }
        if let extra = observed.children(of: layout.group + "/lun").first(where: {
            !known.contains($0)
        }) {
            throw refuse("it has \(extra.split(separator: "/").last ?? ""), which is not asked for")
        }
    }

    /// Who is logged in stays so when the door is shut: attributes are asked at the login only.
    /// Source: drivers/target/iscsi/iscsi_target_tpg.c, iscsit_ta_authentication, iscsit_ta_generate_node_acls.
    private static func refuseGuests(_ wanted: Wanted, _ observed: Observed) throws(Refusal) {
        let group = Layout(wanted).group
        func was(_ attribute: String, _ value: String) -> Bool {
            observed.attributes["\(group)/attrib/\(attribute)"] == value
        }
        func refuse(_ who: Session, _ how: String) -> Refusal {
            .holdsOther(
                wanted.name,
                "\(who.initiator) is logged in \(how), and would go on reading and writing")
        }
        let sessions = observed.sessions(of: Layout(wanted).target)
        if wanted.authenticates, was("authentication", "0"), let one = sessions.first {
            throw refuse(one, "without the secret")
        }
        let guests = Session.dynamic(observed.attributes["\(group)/dynamic_sessions"] ?? "")
        if !wanted.initiators.isEmpty, was("generate_node_acls", "1"), let one = guests.first {
            throw refuse(one, "without a list")
        }
    }
}
