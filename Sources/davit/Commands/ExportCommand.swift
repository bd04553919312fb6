import Arguments
import Export
import ExportCore
import JSONKit
import LinuxKit
import Repair

enum ExportCommand: Command {
    static let name = "export"
    static let summary = "gives disks to another host over iSCSI, and takes them back"
    static let help = """
        davit export DEVICE…|--filesystem UUID [--name NAME] [--listen ADDRESS[:PORT]]… [--initiator IQN]… [--no-auth]
                     [--read-only | --overlay SIZE [--overlay-in FILE]] [--wait SECONDS|forever] [--dry-run] [--json]
        davit export status [--json]
        davit export commit [NAME] [--yes]
        davit export resume
        davit export stop [NAME…|--all] [--discard] [--json]
        davit export client [NAME] [--through-ssh HOST]

        Exports the disks as the LUNs 1, 2, … of one target, opened exclusively, and says what to type on the newer
        host. Run again with the same words it changes nothing; after SIGKILL it goes on where it was.

        --filesystem UUID   the members of that bcachefs, btrfs, md array or LVM volume group that are here, and with
                            --wait those that come, in their own order; a volume group may be given by its name
        --name NAME         what the export is called (default: after the first device)
        --listen ADDRESS    where it listens, port 3260 (default: as before when it is there already, else the
                            address of this SSH session, else of the lease);
                            0.0.0.0 for every address; 127.0.0.1 for 'client --through-ssh'
        --initiator IQN     only this initiator may log in (default: whoever knows the secret)
        --read-only         the other host can only read
        --overlay SIZE      the other host can write, and the disks stay as they are: up to SIZE (512M, 4G) for each disk
                            is kept in memory
        --overlay-in FILE   is kept in FILE instead, which outlives a reboot: the same command goes on with it; not for
                            disks that have no WWID, serial number or superblock to be known by then
        --no-auth           no secret is asked for, by neither host: everybody who reaches the port reads and writes
                            the disks
        --wait SECONDS      exports what is there, and waits that long for the rest; 'forever' never gives up
        --dry-run           prints the steps in /sys/kernel/config/target and changes nothing; with --json as "plan"

        status              what is exported, and who is logged in
        commit              writes what the overlays hold to the disks, after showing how much that is and asking
        stop                logs everybody out, removes the export, and shows that each disk is free again; what is only in
                            an overlay in memory is thrown away with --discard only, as is the rest of a commit that
                            fails
        resume              goes on, for ever, with exports that were begun and lack something: the supervisor runs it
        client              prints a script for the newer host: sh SCRIPT logs in and shows the disks, sh SCRIPT
                            --stop logs out. It holds the secrets by which the two hosts prove themselves to each
                            other. With --through-ssh it connects through 'ssh HOST', encrypted and with nothing
                            open to the network: export with --listen 127.0.0.1 for it

        Example: ssh root@server export --filesystem 3f0c6a5e-8d5b-4b0e-9a53-6f2c1d7e4a90 --overlay 2G
                 ssh root@server export client >connect.sh && sudo sh connect.sh
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        switch arguments.first {
        case "status": try status(Array(arguments.dropFirst()))
        case "stop": try stop(Array(arguments.dropFirst()))
        case "client": try client(Array(arguments.dropFirst()))
        case "resume": try resume(Array(arguments.dropFirst()))
        case "commit": try commit(Array(arguments.dropFirst()))
        default: try export(arguments)
        }
    }

    // MARK: davit export DEVICE…

    private static func export(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let name = try reader.value("--name").map { try ExportName($0) }
        let listen = try reader.values("--listen").map { try Portal($0) }
        let initiators = try reader.values("--initiator").map { try IQN($0) }
        let isReadOnly = try reader.flag("--read-only")
        let overlay = try overlay(&reader)
        let noAuth = try reader.flag("--no-auth")
        let isDryRun = try reader.flag("--dry-run")
        let asJSON = try reader.flag("--json")
        let wait = try reader.value("--wait").map { try patience($0) }
        let fileSystem = try reader.value("--filesystem")
        let devices = try reader.operands()
        guard fileSystem == nil || devices.isEmpty else {
            throw UsageError("--filesystem goes without devices.")
        }
        guard fileSystem != nil || !devices.isEmpty else {
            throw UsageError("Name at least one device.")
        }
        let standardName =
            name == nil ? try fileSystem.map { try Exporter.name(ofFileSystem: $0) } : nil

        var request = Exporter.Request(
            devices: devices,
            name: name ?? standardName ?? ExportName(derivedFrom: devices.first ?? ""))
        request.fileSystem = fileSystem
        request.listen = listen
        request.initiators = initiators
        request.isReadOnly = isReadOnly
        request.overlay = overlay
        guard !isReadOnly || overlay == nil else {
            throw UsageError(
                "--read-only and --overlay exclude each other: an overlay is for writing.")
        }
        request.authenticates = !noAuth
        request.mayBeLate = wait != nil
        let exporter = Exporter(request)

        if isDryRun {
            let plan = try exporter.plan()
            Output.write(
                asJSON ? ExportWords.json(dryRun: plan).pretty + "\n" : ExportWords.dryRun(plan))
            return .done
        }
        guard let wait else {
            let result = try exporter.apply()
            show(result, asJSON)
            return result.isComplete ? .done : .failed
        }
        let deadline = wait.seconds.map { Clock.now + .seconds($0) }
        let waiter = try Waiter(exporter, name: request.name)
        let end = try waiter.run(
            until: deadline, report: { show($0, asJSON) },
            complain: { Output.error("davit export: \($0) It is tried again.") })
        switch end {
        case .complete: return .done
        case .timedOut: return .timedOut
        case .ended: return .failed
        }
    }

    private static func overlay(_ reader: inout ArgumentReader) throws -> Overlay? {
        let room = try reader.value("--overlay")
        let file = try reader.value("--overlay-in")
        guard let room else {
            guard file == nil else { throw UsageError("--overlay-in goes with --overlay SIZE.") }
            return nil
        }
        if let file, !file.hasPrefix("/") {
            throw UsageError("--overlay-in \(file): give a path that begins with /.")
        }
        return Overlay(room: try Overlay.room(room), file: file)
    }

    private struct Patience { let seconds: Int? }

    private static func patience(_ text: String) throws(UsageError) -> Patience {
        if text == "forever" { return Patience(seconds: nil) }
        guard let seconds = Int(text), (0...1_000_000).contains(seconds) else {
            throw UsageError("--wait \(text): give a number of seconds, or 'forever'.")
        }
        return Patience(seconds: seconds)
    }

    private static func show(_ result: Exporter.Result, _ asJSON: Bool) {
        Output.write(
            asJSON ? ExportWords.json(result).pretty + "\n" : ExportWords.applied(result))
    }

    // MARK: davit export status, stop, client

    private static func status(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let asJSON = try reader.flag("--json")
        _ = try reader.operands(atMost: 0)
        let status = try ExportStatus()
        Output.write(asJSON ? status.json.pretty + "\n" : ExportWords.status(status))
        return .done
    }

    private static func stop(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let all = try reader.flag("--all")
        let discard = try reader.flag("--discard")
        let asJSON = try reader.flag("--json")
        var names = try reader.operands().map { try ExportName($0) }
        guard !all || names.isEmpty else { throw UsageError("--all goes without names.") }
        let stopper = Stopper(discarding: discard)
        let known = try stopper.names()
        if names.isEmpty {
            guard all || known.count <= 1 else { throw Refusal.severalExports(known) }
            names = known
        }
        let results = try stopper.stop(names)
        Output.write(
            asJSON
                ? JSON.array(results.map { ExportWords.json($0) }).pretty + "\n"
                : ExportWords.stopped(results))
        return results.allSatisfy(\.isGone) ? .done : .failed
    }

    private static func resume(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        _ = try reader.operands(atMost: 0)
        try Resumer().run()
        return .done
    }

    private static func commit(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let isAgreed = try reader.flag("--yes")
        let named = try reader.operands(atMost: 1).first.map { try ExportName($0) }
        let known = try Stopper().names()
        // A commit that was killed behind its last step has left what all exports share.
        if known.isEmpty { _ = try Stopper().stop([]) }
        guard let name = named ?? known.first else {
            Output.line("There is no export: nothing to commit.")
            return .done
        }
        guard named != nil || known.count == 1 else { throw Refusal.severalExports(known) }
        let committer = try Committer(name)
        let held = try committer.look()
        Output.write(ExportWords.held(held, committer))
        let isAsked = !isAgreed && !committer.isUnderWay && Question.isPossible
        let isYes = isAsked && Question.ask("Write this to the disks?", afresh: true) == .yes
        guard isAgreed || committer.isUnderWay || isYes else {
            Output.error("Nothing was written. In a script, add --yes.")
            return .failed
        }
        let kept = try committer.commit(held) { lun, left in
            Output.line("LUN \(lun): \(sizeInWords(left)) left")
        }
        if let kept {
            Output.line("\(kept) stays: it also holds what was written to disks that are not here.")
        }
        Output.line("Committed '\(name)': everything is on the disks, and they are free.")
        return .done
    }

    private static func client(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let through = try reader.value("--through-ssh")
        let named = try reader.operands(atMost: 1).first.map { try ExportName($0) }
        Output.write(try ClientScriptMaker.script(for: named, throughSSH: through))
        return .done
    }
}
