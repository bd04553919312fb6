import Arguments
import Boot
import LinuxKit

enum LogCommand: Command {
    static let name = "log"
    static let summary = "shows what davit did, in order of time"
    static let help = """
        davit log [--follow]
        davit log --previous

        Shows the log of all of davit's processes since the boot; the first word of a line is the time since boot in
        seconds. It is bounded: of a long boot the beginning is missing.

          --follow     goes on with what comes, until Ctrl-C
          --previous   the important lines from before the last reset; only a machine with a pstore for messages
                       (ramoops) keeps them

        Example: ssh root@server log --follow
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let follow = try reader.flag("--follow")
        let wantsPrevious = try reader.flag("--previous")
        _ = try reader.operands(atMost: 0)
        guard !follow || !wantsPrevious else {
            throw UsageError("--previous is over and cannot be followed.")
        }
        guard wantsPrevious else {
            try LogReading.show(follow: follow) { Output.write($0) }
            return .done
        }
        guard let previous = LogReading.previous else {
            Output.error(
                "Nothing is kept from before the last reset: there are no messages in /sys/fs/pstore. A kernel with ramoops and a memory region for it keeps them."
            )
            return .failed
        }
        Output.write(previous)
        return .done
    }
}
