import Arguments
import Boot
import BootCore
import LinuxKit
import Unlock

enum BootCommand: Command {
    static let name = "boot"
    static let summary = "lets the boot go on, also out of a rescue shell that nobody sits at"
    static let help = """
        davit boot [--wait SECONDS]

        Lets the boot go on. Where the initramfs gave up and left a rescue shell on the console, ends that shell, and
        the initramfs tries again; then tells what happens, until the boot waits for a passphrase, or has given up
        again. A shell in which somebody typed or something runs is never ended. Where the boot has not stopped, says
        what it waits for. Where Debian's scripts still ask for a disk that is open already, ends their prompt, and with
        it all that they would have asked for after it; not where they would ask for ever (tries=0).

          --wait SECONDS   how long to watch (60)

        Example: ssh root@server boot
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let wait = try reader.number("--wait", in: 0...86400) ?? 60
        _ = try reader.operands(atMost: 0)
        if let answer = try endPrompt() { return answer }
        switch try GoOn(patience: .seconds(wait), say: { Output.line($0) })() {
        case .systemRuns:
            Output.line("The system runs: there is no boot that waits.")
            return .done
        case .ownShell: return .done
        case .neverStopped(let stage), .wentOn(let stage): return tell(stage)
        case .exported(let names):
            let list = names.joined(separator: ", ")
            Output.error(
                "The boot may need disks that are exported: \(list). 'davit export stop --all' takes them back; then run 'davit boot' again."
            )
            return .failed
        case .inUse(let pid, let use):
            Output.error(refusal(pid, use))
            return .failed
        case .stoppedAgain(let missing):
            let why =
                missing.map { "the root device \($0) is not there." } ?? "the console says why."
            Output.error(
                "The initramfs gave up again: \(why) 'davit unlock --list' and 'davit repair' say what is here."
            )
            return .failed
        }
    }

    /// - Returns: `nil` unless a prompt still stands in the way.
    private static func endPrompt() throws -> ExitCode? {
        switch try UnlockRun().endPrompts() {
        case .none: return nil
        case .ended(let name):
            Output.line("The prompt for \(name), which is open, was ended.")
            return nil
        case .endless(let name):
            Output.error(
                "\(name) is open, and the boot scripts would ask for it again however often their prompt is ended (tries=0). 'davit unlock \(name)' takes its passphrase, closes it, and lets them open it."
            )
            return .failed
        case .stands(let name):
            Output.error(
                "\(name) is open, and the prompt for it does not end: 'davit log' says why. Run 'davit boot' again."
            )
            return .failed
        }
    }

    private static func tell(_ stage: BootStage) -> ExitCode {
        Output.line("The boot \(stage.words).")
        switch stage {
        case .passphrase:
            Output.line("'davit unlock' takes it.")
            return .failed
        case .heldPrompt: return .failed
        case .rootDevice:
            Output.line(
                "It goes on by itself when that comes. 'davit unlock --list' shows encrypted disks."
            )
            return .timedOut
        case .opening, .checking, .initramfs, .system, .rescueShell: return .done
        }
    }

    private static func refusal(_ pid: Int32, _ use: RescueShell.Use) -> String {
        let reason =
            switch use {
            case .programs(let programs): "\(programs.joined(separator: ", ")) runs in it"
            case .typed(let ago): "somebody typed in it \(ago.inWords) ago"
            case .unknown, .none: "whether somebody types in it cannot be told"
            }
        return
            "The rescue shell on the console (process \(pid)) is in use: \(reason). Who sits there lets the boot go on with 'exit'. When you know that nobody does: kill -HUP \(pid)"
    }
}
