import Arguments
import LinuxKit
import Repair

/// What goes on when the session that asked for it has ended; davit starts it for itself.
enum JobCommand: Command {
    static let name = "job"
    static let summary = "runs what was asked for to its end, in a session of its own"
    static let isPublic = false
    static let help = """
        davit job repair NUMBER
        davit job mount TYPE OPTIONS MEMBER...

        Runs the checker that $DAVIT_RUN/repair/NUMBER/request.json describes, and keeps record.json there.
        SIGTERM cancels it, SIGQUIT kills the checker. The second form mounts, so that the kernel replays or checks,
        and unmounts.
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let words = try reader.operands()
        if words.count >= 4, words[0] == "mount" {
            do {
                try KernelRun.run(type: words[1], options: words[2], members: Array(words[3...]))
                return .done
            } catch {
                Output.error("\(error)")
                return .failed
            }
        }
        guard words.count == 2, words[0] == "repair", let id = Int(words[1]), id > 0 else {
            throw UsageError("give 'repair' and a number.")
        }
        try RepairJob.run(id)
        return .done
    }
}
