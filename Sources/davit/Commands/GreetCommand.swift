import Arguments
import Boot
import LinuxKit
import Unlock

/// What a person sees who logs in without a command.
enum GreetCommand: Command {
    static let name = "greet"
    static let summary =
        "what a login shows: the status, the passphrase prompt, and how the boot goes on"
    static let help = """
        davit greet

        What 'ssh root@server' runs: shows the status, asks for the passphrase of what is locked, and then tells
        how the boot goes on, until the system takes over. Enter without a passphrase gives a shell; Ctrl-C ends
        the connection and changes nothing. Without a terminal it is the shell.
        """
    static var isPublic: Bool { false }

    /// How long the console's own prompt may still stand after everything is open, before the dialogue sees to it.
    private static let patience = Duration.seconds(20)

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        _ = try reader.operands(atMost: 0)
        // Without a terminal a script comes, through the pipe.
        guard UnlockDialogue.isPossible else { return try shell(["-s"]) }
        Process.keepPrivate()
        let keyboard = Keyboard()
        if let answer = try statusAndUnlock(keyboard) { return answer }
        keyboard.release()
        if Files.exists("/bin/sh") {
            Output.line("A shell until the connection ends; 'davit shell' gives one that goes on.")
        }
        return try shell(["-i"])
    }

    /// `nil` when a shell is wanted: it starts with the terminal as it was.
    private static func statusAndUnlock(_ keyboard: Keyboard) throws -> ExitCode? {
        // A hasty person types the passphrase while the status is still being printed.
        let hidden = try HiddenInput(on: 0)
        defer { _ = hidden }
        let status = Status.withDisks()
        Output.write(status.words + "\n")
        return status.stage == .system ? nil : try unlockAndWatch(keyboard)
    }

    private static func unlockAndWatch(_ keyboard: Keyboard) throws -> ExitCode? {
        while true {
            Output.line("Enter alone gives a shell, Ctrl-C leaves; neither changes anything.")
            let dialogue = UnlockDialogue(UnlockRun(), on: keyboard, emptyLineMeansShell: true)
            switch try dialogue() {
            case .done:
                GoOn.afterUnlocking { Output.line($0) }
                Output.line("Everything is open. How the boot goes on (Enter gives a shell):")
            case .nothing:
                Output.line(
                    "No disk waits for a passphrase. How the boot goes on (Enter gives a shell):")
            case .shellWanted: return nil
            case .left(let names), .missing(let names), .unknown(let names):
                Output.line(
                    "Cannot be opened here: \(names.joined(separator: ", ")). This is a shell:")
                return nil
            case .givenUp(let opened):
                let changed =
                    opened.isEmpty
                    ? "Nothing was changed." : "Open now: \(opened.joined(separator: ", "))."
                Output.line("\(changed) Log in again to unlock.")
                return .failed
            }
            let watch = BootWatch(keyboard) { Output.line("\(Clock.now.inSeconds)  \($0)") }
            switch try watch.run(ignoringPromptFor: patience) {
            case .passphraseWanted(let device): Output.line("\(device) is still asked for.")
            case .systemRuns, .left: return .done
            case .interrupted: return nil
            }
        }
    }

    /// The initramfs's shell; as a child, so that it starts with no signal blocked.
    private static func shell(_ options: [String]) throws -> ExitCode {
        guard Files.exists("/bin/sh") else {
            Output.error("There is no shell here. 'ssh root@server help' lists what there is.")
            return .failed
        }
        var request = ChildProcess.Request("/bin/sh", options)
        request.environment = Environment.inherited
        (request.input, request.output, request.error) = (0, 1, 2)
        var child = try ChildProcess(starting: request)
        guard case .code(0)? = try child.wait(until: nil) else { return .failed }
        return .done
    }
}
