import Arguments
import Boot
import LinuxKit

enum RebootCommand: Command {
    static let name = "reboot"
    static let summary = "stops exports, unmounts, closes, writes everything out, and resets"
    static let help = """
        davit reboot [--now]

        Takes every export back, unmounts what is mounted, closes what was opened, writes everything out, and resets
        the machine; says each step. Stops before the reset, and says what is in the way, when a repair runs or a step
        fails. In the initramfs only.

          --now   resets at once, by the kernel's sysrq: nothing is stopped, and what is not written is lost

        Example: ssh root@server reboot
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let isHard = try reader.flag("--now")
        // Only 'davit reboot' itself gives this: one step, in a process that may hang.
        let step = try reader.value("--step")
        let objects = try reader.operands(atMost: step == nil ? 0 : 2)
        if let step { return try perform(step, on: objects) ? .done : .failed }
        if isHard {
            Output.line("Resetting now, as it is.")
            try CleanReset.now()
            return .failed
        }
        let reset = CleanReset { Output.line($0) }
        do {
            try reset.prepare()
        } catch CleanReset.Failure.hangs(let step) {
            Output.error("davit reboot: \(CleanReset.Failure.hangs(step))")
            return .timedOut
        }
        try reset.resetSoon()
        return .done
    }

    private static func perform(_ step: String, on objects: [String]) throws -> Bool {
        let object = objects.first ?? ""
        return switch step {
        case "unmount": try CleanReset.Step.unmount(object).perform()
        case "read-only": try CleanReset.Step.makeReadOnly(object).perform()
        case "close": try CleanReset.Step.close(object).perform()
        case "sync": try CleanReset.Step.sync.perform()
        case "reset": try CleanReset.Step.reset(after: objects.compactMap { Int32($0) }).perform()
        default: throw UsageError("--step \(step): there is no such step.")
        }
    }
}
