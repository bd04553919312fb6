import Arguments
import JSONKit
import LinuxKit
import Repair
import RepairCore

enum RepairCommand: Command {
    static let name = "repair"
    static let summary = "looks at file systems, checks and repairs them, and says whether it moves"
    static let help = """
        davit repair [TARGET...] [--json]
        davit repair --check|--trial|--run TARGET... [--yes] [--kernel|--kernel-fsck]
                     [--discard-log] [--degraded] [--checker FILE] [--overlay-in DIR] [--read-for SECONDS]
                     [--log-to DIR-OR-DEVICE] [--patience SECONDS] [--json]
        davit repair --open [TARGET...] [--degraded]
        davit repair watch [NUMBER] [--json]
        davit repair list [--json]
        davit repair cancel [NUMBER] [--kill]

        Without --check or --run it looks, writes nothing, and says what it would do, in which order and why.
        A TARGET is a device, image file, mount point, UUID, UUID=…, LABEL=… or label; several members may be
        named, and members that are not named are searched for. On a terminal, with one file system, it then
        asks whether to go on: to the check, to the trial, then to the repair.

          --plan             looks and asks nothing
          --check            runs the checker's read-only form
          --trial            repairs on overlays of all members, so that nothing on the disks changes, and
                             compares before and after: names, sizes, and every file's content; root and
                             dm_snapshot needed
          --read-for SECONDS how long the trial may read files, before and after each (600); with 0 it
                             compares names and sizes only
          --overlay-in DIR   keeps the overlays in files there instead of in memory
          --open             assembles md arrays (without a resync before the first write), activates volume
                             groups, asks for the passphrase, one layer after the other; leaves alone what
                             misses a member, unless told --degraded
          --run              repairs; without a terminal only with --yes
          --yes              asks nothing: what cannot be undone is allowed
          --discard-log      lets xfs_repair throw away a log that cannot be replayed (-L)
          --kernel           lets the kernel do it: mounts, so that it replays the journal, and unmounts; for
                             bcachefs with its fsck, with --check without a write
          --kernel-fsck      lets the kernel's own fsck do it, without a mount: for bcachefs, from Linux 6.8 on
          --degraded         goes on with members missing
          --checker FILE     uses this program in place of the one that is found: in $DAVIT_RUN/tools or /root,
                             where uploads go, and then where the system keeps its own
          --log-to PLACE     keeps a copy of the record there, renewed each minute and with each change of the
                             verdict: a directory, or a device with a plain file system, which is mounted for
                             each copy only; one that is not clean just where its journal is replayed by that, or
                             a reset in the middle of such a copy has left it so. Without --check, --trial and
                             --run: reads the records that lie in that directory
          --patience SECONDS how long no step may come before it is judged (45)
          --kill             with cancel: ends the checker by SIGKILL, which may leave damage
          --json             for programs; with --check, --run and watch one record on each line

        A check or repair is a job: it goes on when the session ends. Its record and transcript are in
        $DAVIT_RUN/repair/NUMBER. A verdict of working, slow, unknown, livelocked or hung comes with it.

        Exit code: the bits of fsck: 0 no errors, 1 corrected, 2 reboot needed, 4 errors left, 8 the checker
        could not work, 16 usage, 32 cancelled. 1 also stands for a refusal, 100 and 111 as everywhere.

        Example: davit repair --trial /dev/mapper/root && davit repair --run /dev/mapper/root
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        switch arguments.first {
        case "watch": return try watch(Array(arguments.dropFirst()))
        case "list": return try list(Array(arguments.dropFirst()))
        case "cancel": return try cancel(Array(arguments.dropFirst()))
        default: return try repair(arguments)
        }
    }

    private static func repair(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        var run = RepairRun()
        let json = try reader.flag("--json")
        let wantsPlan = try reader.flag("--plan")
        let wantsCheck = try reader.flag("--check")
        let wantsRun = try reader.flag("--run")
        let wantsTrial = try reader.flag("--trial")
        let wantsOpening = try reader.flag("--open")
        let yes = try reader.flag("--yes")
        run.consent.discardLog = try reader.flag("--discard-log")
        run.allowMissing = try reader.flag("--degraded")
        run.inKernel = try reader.flag("--kernel")
        run.byKernelFsck = try reader.flag("--kernel-fsck")
        run.checker = try reader.value("--checker")
        run.overlayIn = try reader.value("--overlay-in")
        run.readSeconds = try reader.number("--read-for", in: 0...86400) ?? 600
        run.logTo = try reader.value("--log-to")
        run.patienceSeconds = try reader.number("--patience", in: 1...3600) ?? 45
        let targets = try reader.operands()
        guard
            [wantsPlan, wantsCheck, wantsTrial, wantsRun, wantsOpening].filter({ $0 }).count <= 1
        else {
            throw UsageError("--plan, --check, --trial, --run and --open exclude each other.")
        }
        guard !targets.isEmpty || !(wantsCheck || wantsTrial || wantsRun) else {
            throw UsageError("name what to check or repair.")
        }

        if wantsCheck || wantsTrial || wantsRun { Jobs.tidy() }
        var look = try Look(at: targets)
        look.logPlace = run.logTo
        if wantsOpening {
            return try open(look, isEverything: targets.isEmpty, degraded: run.allowMissing)
        }
        if wantsCheck {
            run.purpose = .check
            return try carryOut(try run.prepare(look), json)
        }
        if wantsTrial {
            run.purpose = .repair
            run.isTrial = true
            return try carryOut(try run.prepare(look), json)
        }
        if wantsRun {
            run.purpose = .repair
            return try repair(try run.prepare(look), yes: yes, json)
        }
        if json { Output.line(look.json.pretty) } else { Output.write(look.words) }
        guard !wantsPlan, !json, Question.isPossible, look.subjects.count == 1 else { return .done }
        return try guide(look, run)
    }

    /// Look, check, trial, and then for real, each only after a yes.
    private static func guide(_ look: Look, _ settings: RepairRun) throws -> ExitCode {
        var run = settings
        run.purpose = .check
        let check: RepairRun.Prepared
        do throws(RepairError) {
            check = try run.prepare(look)
        } catch {
            // The look itself has gone well; what stands in the way of more is said.
            Output.line("\n\(error)")
            return .done
        }
        let paths = check.subject.paths
        switch Question.ask("\nCheck now, read-only?") {
        case .yes: break
        case .no, .none:
            Output.line(Guide.leaving(before: .check, paths))
            return .done
        }
        let (checked, goesOn) = try step(check)
        guard goesOn else { return checked }
        guard checked != .done else {
            Output.line("\nThere is nothing to repair.")
            return .done
        }
        run.purpose = .repair
        switch Question.ask(
            "\nTry the repair on overlays, so that nothing on the disks changes?")
        {
        case .yes:
            run.isTrial = true
            let (tried, goesOn) = try step(try run.prepare(try Look(at: paths)))
            guard goesOn else { return tried }
            run.isTrial = false
        case .no: break
        case .none:
            Output.line(Guide.leaving(before: .trial, paths))
            return .failed
        }
        return try repair(try run.prepare(try Look(at: paths)), yes: false, false)
    }

    /// One step of the guide.
    /// - Returns: whether nothing speaks against the next one; otherwise it is said what does.
    private static func step(
        _ prepared: RepairRun.Prepared
    ) throws -> (exit: ExitCode, goesOn: Bool) {
        let id = try start(prepared, false)
        let exit = try follow(id, false)
        guard let objection = Guide.objection(Jobs.record(id)) else { return (exit, true) }
        Output.line("\n\(objection) \(Guide.insisting(on: prepared.subject.paths))")
        return (exit, false)
    }

    private static func open(
        _ look: Look, isEverything: Bool, degraded: Bool
    ) throws -> ExitCode {
        var opening = LayerOpening(allowMissing: degraded) { Output.line($0) }
        let outcome = try opening.open(look, isEverything: isEverything)
        guard outcome.found > 0 else {
            Output.line("Nothing has to be assembled, activated or opened.")
            return .done
        }
        if outcome.opened > 0 { Output.line("'davit repair' shows what is there now.") }
        return outcome.opened == outcome.found ? .done : .failed
    }

    private static func repair(
        _ prepared: RepairRun.Prepared, yes: Bool, _ json: Bool
    ) throws -> ExitCode {
        if !yes {
            let what = prepared.subject.name
            let final = prepared.cannotBeUndone
            guard Question.isPossible else {
                throw RepairError.noConsent(what: what, cannotBeUndone: final)
            }
            for sentence in final { Output.line("Cannot be undone: \(sentence)") }
            // Typed before this was read, a yes is none.
            guard Question.ask("Write to \(what)?", afresh: true) == .yes else {
                Output.line(Guide.leaving(before: .run, prepared.subject.paths))
                return .failed
            }
        }
        return try carryOut(prepared, json)
    }

    private static func carryOut(
        _ prepared: RepairRun.Prepared, _ json: Bool
    ) throws -> ExitCode {
        try follow(try start(prepared, json), json)
    }

    private static func start(_ prepared: RepairRun.Prepared, _ json: Bool) throws -> Int {
        let id = try Jobs.start(prepared.request)
        if !json {
            Output.line(
                "\(prepared.request.kind) \(id) runs: \(prepared.subject.name). It goes on when this session ends; 'davit repair watch' follows it, 'davit repair cancel' ends it."
            )
        }
        return id
    }

    private static func follow(_ id: Int, _ json: Bool) throws -> ExitCode {
        var watch = Watch(id, json ? .json : Output.isTerminal ? .terminal : .plain)
        return ExitCode(rawValue: try watch.untilTheEnd())
    }

    // MARK: What runs and what ran

    private static func watch(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let json = try reader.flag("--json")
        return try follow(try Jobs.chosen(try number(&reader)), json)
    }

    private static func list(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let json = try reader.flag("--json")
        _ = try reader.operands(atMost: 0)
        let records = Jobs.ids.compactMap { Jobs.record($0) }
        if json {
            Output.line(JSON.array(records).pretty)
        } else if records.isEmpty {
            Output.line("Nothing was checked or repaired here since the boot.")
        } else {
            for record in records { Output.write(Watch.summary(record)) }
        }
        return .done
    }

    private static func cancel(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let kill = try reader.flag("--kill")
        let id = try Jobs.chosen(try number(&reader))
        try Jobs.cancel(id, kill: kill)
        // Long enough for SIGINT, SIGTERM and the sentence after them.
        let deadline = Clock.now + .seconds(25)
        guard Jobs.waitForEnd(of: id, until: deadline), let record = Jobs.record(id) else {
            let waits = Jobs.record(id)?["waitsFor"]?.string ?? ""
            Output.line(
                "Repair \(id) does not end yet. \(waits) It has got SIGINT and SIGTERM; 'davit repair watch \(id)' shows when it ends. SIGKILL would be 'davit repair cancel \(id) --kill', and may leave damage."
            )
            return .timedOut
        }
        Output.write(Watch.summary(record))
        return .done
    }

    private static func number(_ reader: inout ArgumentReader) throws -> Int? {
        guard let word = try reader.operands(atMost: 1).first else { return nil }
        guard let id = Int(word), id > 0 else {
            throw UsageError(
                "\(word): give the number of a repair; 'davit repair list' names them.")
        }
        return id
    }
}
