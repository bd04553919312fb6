import Arguments
import Boot
import LinuxKit
import Recorder
import Repair
import RepairCore

/// What goes on when the session that asked for it has ended; davit starts it for itself.
enum JobCommand: Command {
    static let name = "job"
    static let summary = "runs what was asked for to its end, in a session of its own"
    static let isPublic = false
    static let help = """
        davit job repair NUMBER
        davit job mount TYPE OPTIONS MEMBER...
        davit job fsck TYPE OPTIONS MEMBER...
        davit job census DIRECTORY before|after SECONDS TYPE OPTIONS MEMBER...
        davit job enclosed DEVICE... -- PROGRAM ARGUMENT...
        davit job copy NUMBER
        davit job marked TYPE DEVICE
        davit job shell NUMBER

        Runs the checker that $DAVIT_RUN/repair/NUMBER/request.json describes, and keeps record.json there.
        SIGTERM cancels it, SIGQUIT kills the checker. The second form mounts, so that the kernel replays or checks,
        and unmounts; the third has the kernel's own fsck check them. The fourth mounts, too, counts what is reachable
        and reads files for so many seconds, into DIRECTORY. The fifth runs a program that sees no other devices than these. The sixth copies the record to where it is to be kept;
        the seventh looks whether such a copying was the last that wrote to a device.
        The last is a shell with a terminal of its own, for those who connect to the socket that is its descriptor 3.
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        // A program's own arguments follow: nothing of them is read here.
        if arguments.first == "enclosed" { return try enclosed(Array(arguments.dropFirst())) }
        var reader = ArgumentReader(arguments)
        let words = try reader.operands()
        switch words.first {
        case "mount" where words.count >= 4:
            return succeeds {
                try KernelRun.run(type: words[1], options: words[2], members: Array(words[3...]))
            }
        case "fsck" where words.count >= 4:
            do {
                let bits = try KernelRun.fsck(
                    type: words[1], options: words[2], members: Array(words[3...]))
                return ExitCode(rawValue: bits)
            } catch {
                Output.error("\(error)")
                return ExitCode(rawValue: 8)
            }
        case "census" where words.count >= 7:
            guard let seconds = Int(words[3]) else { throw UsageError("give seconds.") }
            return succeeds {
                try CensusRun(directory: words[1], isAfter: words[2] == "after", seconds: seconds)
                    .run(type: words[4], options: words[5], members: Array(words[6...]))
            }
        case "copy":
            let id = try number(words)
            return succeeds { try RecordCopy.run(id) }
        case "marked" where words.count == 3:
            return succeeds { try CopyMark.look(for: words[1], on: words[2]) }
        case "shell":
            let id = try number(words)
            do throws(SystemError) {
                try KeptShell(id).run()
                return .done
            } catch {
                // Nobody reads what this process says.
                Recorder(component: .session).record("shell \(id): \(error)", .warning)
                return .system
            }
        case "repair":
            try RepairJob.run(try number(words))
            return .done
        default: throw UsageError("give 'repair' and a number.")
        }
    }

    private static func number(_ words: [String]) throws -> Int {
        guard words.count == 2, let id = Int(words[1]), id > 0 else {
            throw UsageError("give a number.")
        }
        return id
    }

    private static func succeeds(_ body: () throws -> Void) -> ExitCode {
        do {
            try body()
            return .done
        } catch {
            Output.error("\(error)")
            return .failed
        }
    }

    private static func enclosed(_ words: [String]) throws -> ExitCode {
        guard let dash = words.firstIndex(of: "--"), dash + 1 < words.count else {
            throw UsageError("give devices, -- and a program.")
        }
        var devices: [BlockNode] = []
        for path in words[..<dash] {
            guard let node = BlockNode(at: path) else {
                throw KernelRun.Failure.notADevice(path)
            }
            devices.append(node)
        }
        try MountNamespace.leave()
        try MountNamespace.showOnly(devices: devices)
        throw Process.become(words[dash + 1], Array(words[(dash + 2)...]))
    }
}
