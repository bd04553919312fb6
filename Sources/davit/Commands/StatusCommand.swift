import Arguments
import Boot
import JSONKit
import LinuxKit

enum StatusCommand: Command {
    static let name = "status"
    static let summary = "says what this machine is doing and waiting for"
    static let help = """
        davit status [--json]

        Says how far the boot is and what it waits for; which disks are locked; each interface with its address,
        or its tries and when the next is; who is logged in; and the services of the supervisor.

        --json   the same for programs; times are milliseconds since boot
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let asJSON = try reader.flag("--json")
        _ = try reader.operands(atMost: 0)
        let status = Status.withDisks()
        Output.write(asJSON ? status.json.pretty + "\n" : status.words)
        return .done
    }
}
