import Arguments
import Boot
import JSONKit
import LinuxKit

enum StatusCommand: Command {
    static let name = "status"
    static let summary = "says what this machine is doing and waiting for"
    static let help = """
        davit status [--json | --watch | --root]

        Says how far the boot is and what it waits for; which disks are locked; each interface with its address,
        or its tries and when the next is; who is logged in; and the services of the supervisor.

        --json    the same for programs; times are milliseconds since boot
        --watch   shows it anew every second, until Ctrl-C
        --root    only whether this kernel can mount what the root device holds; ends with 1 when it cannot

        Example: ssh root@server status
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let asJSON = try reader.flag("--json")
        let watch = try reader.flag("--watch")
        let wantsRoot = try reader.flag("--root")
        _ = try reader.operands(atMost: 0)
        guard !watch || !asJSON else { throw UsageError("--watch is for people, --json is not.") }
        guard !wantsRoot || !(watch || asJSON) else { throw UsageError("--root stands alone.") }
        if wantsRoot { return root() }
        if watch { return try self.watch() }
        let status = Status.withDisks()
        Output.write(asJSON ? status.json.pretty + "\n" : status.words)
        return .done
    }

    private static func root() -> ExitCode {
        guard let root = RootFileSystem.look() else {
            Output.line("The root device is not there, or holds nothing that is known.")
            return .done
        }
        Output.line(root.obstacle ?? "\(root.device) holds \(root.type), which this kernel mounts.")
        return root.isKnown ? .done : .failed
    }

    private static func watch() throws -> ExitCode {
        // Home, then erase to the end: nothing flickers, and what was above stays in the scrollback.
        let clear = Output.isTerminal ? "\u{1B}[H\u{1B}[J" : ""
        while true {
            Output.write(clear + Status.withDisks().words + "\n")
            let reader = Poll.Interest(FileDescriptor.standardOutput, [])
            let ready = try Poll.wait([reader], until: Clock.now + .seconds(1))
            if ready.first?.contains(.closed) == true { return .done }
        }
    }
}
