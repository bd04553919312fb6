import Arguments
import Boot
import LinuxKit

enum LogCommand: Command {
    static let name = "log"
    static let summary = "shows what davit did, in order of time"
    static let help = """
        davit log [--follow] [--json]
        davit log --previous

        Shows what all of davit's processes recorded since the boot; the first word of a line is the time since boot in
        seconds. The flight recorder is memory that they share, /run/davit/recorder: what a process wrote is there
        whatever became of it. It is bounded, so of a long boot the beginning is missing.

          --follow     goes on with what comes, until Ctrl-C
          --json       for programs, one object a line: {at, component, pid, importance, event, object, outcome,
                       took, code, words}; at is milliseconds since boot, took is milliseconds
          --previous   the important lines from before the last reset, where the machine keeps them (ramoops, an EFI
                       or ERST store): all, where the kernel takes them (CONFIG_PSTORE_PMSG); else those in the
                       kernel's log when it panicked, and with ramoops.max_reason=4 when it was reset

        Example: ssh root@server log --follow
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let follow = try reader.flag("--follow")
        let asJSON = try reader.flag("--json")
        let wantsPrevious = try reader.flag("--previous")
        _ = try reader.operands(atMost: 0)
        guard !follow || !wantsPrevious else {
            throw UsageError("--previous is over and cannot be followed.")
        }
        guard !asJSON || !wantsPrevious else {
            throw UsageError("--previous is text that was kept, and has no JSON.")
        }
        guard wantsPrevious else {
            try LogReading.show(follow: follow, asJSON: asJSON) { Output.write($0) }
            return .done
        }
        guard let previous = LogReading.previous else {
            Output.error(
                "Nothing is kept from before the last reset: there is nothing of davit's in /sys/fs/pstore. 'davit help log' says what keeps it."
            )
            return .failed
        }
        Output.write(previous)
        return .done
    }
}
