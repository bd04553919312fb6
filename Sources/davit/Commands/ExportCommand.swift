import Arguments
import Export
import ExportCore
import JSONKit
import LinuxKit

enum ExportCommand: Command {
    static let name = "export"
    static let summary = "gives disks to another host over iSCSI, and takes them back"
    static let help = """
        davit export DEVICE…|--filesystem UUID [--name NAME] [--listen ADDRESS[:PORT]]… [--initiator IQN]… [--read-only] [--no-auth]
                     [--wait SECONDS|forever] [--dry-run] [--json]
        davit export status [--json]
        davit export stop [NAME…|--all] [--json]
        davit export client [NAME] [--through-ssh HOST]

        Exports the disks as the LUNs 1, 2, … of one target, opened exclusively, and says what to type on the newer
        host. Run again with the same words it changes nothing; after SIGKILL it goes on where it was.

        --filesystem UUID   the members of that bcachefs, btrfs or md array that are here
        --name NAME         what the export is called (default: after the first device)
        --listen ADDRESS    where it listens, port 3260 (default: the address of this SSH session, else of the lease);
                            0.0.0.0 for every address
        --initiator IQN     only this initiator may log in (default: whoever knows the secret)
        --read-only         the other host can only read
        --no-auth           no secret is asked for: everybody who reaches the port reads and writes the disks
        --wait SECONDS      exports what is there, and waits that long for the rest; 'forever' never gives up
        --dry-run           prints the steps in /sys/kernel/config/target and changes nothing

        status              what is exported, and who is logged in
        stop                logs everybody out, removes the export, and shows that each disk is free again
        client              prints a script for the newer host: sh SCRIPT logs in and shows the disks, sh SCRIPT
                            --stop logs out
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        switch arguments.first {
        case "status": try status(Array(arguments.dropFirst()))
        case "stop": try stop(Array(arguments.dropFirst()))
        case "client": try client(Array(arguments.dropFirst()))
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
        let noAuth = try reader.flag("--no-auth")
        let isDryRun = try reader.flag("--dry-run")
        let asJSON = try reader.flag("--json")
        let wait = try reader.value("--wait").map { try patience($0) }
        let fileSystem = try reader.value("--filesystem")
        var devices = try reader.operands()
        var standardName = devices.first ?? ""
        if let fileSystem {
            guard devices.isEmpty else { throw UsageError("--filesystem goes without devices.") }
            (devices, standardName) = try Exporter.members(of: fileSystem)
        }
        guard !devices.isEmpty else { throw UsageError("Name at least one device.") }

        var request = Exporter.Request(
            devices: devices, name: name ?? ExportName(derivedFrom: standardName))
        request.listen = listen
        request.initiators = initiators
        request.isReadOnly = isReadOnly
        request.authenticates = !noAuth
        request.mayBeLate = wait != nil
        let exporter = Exporter(request)

        if isDryRun {
            let plan = try exporter.plan()
            Output.write(ExportWords.dryRun(plan))
            return .done
        }
        guard let wait else {
            let result = try exporter.apply()
            show(result, asJSON)
            return result.isComplete ? .done : .failed
        }
        let deadline = wait.seconds.map { Clock.now + .seconds($0) }
        let waiter = try Waiter(exporter, name: request.name)
        switch try waiter.run(until: deadline, report: { show($0, asJSON) }) {
        case .complete: return .done
        case .timedOut: return .timedOut
        case .ended: return .failed
        }
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
        let asJSON = try reader.flag("--json")
        var names = try reader.operands().map { try ExportName($0) }
        guard !all || names.isEmpty else { throw UsageError("--all goes without names.") }
        let known = try Stopper.names
        if names.isEmpty {
            guard all || known.count <= 1 else { throw Refusal.severalExports(known) }
            names = known
        }
        let results = try Stopper().stop(names)
        Output.write(
            asJSON
                ? JSON.array(results.map { ExportWords.json($0) }).pretty + "\n"
                : ExportWords.stopped(results))
        return results.allSatisfy(\.isGone) ? .done : .failed
    }

    private static func client(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let through = try reader.value("--through-ssh")
        let named = try reader.operands(atMost: 1).first.map { try ExportName($0) }
        Output.write(try ClientScriptMaker.script(for: named, throughSSH: through))
        return .done
    }
}
