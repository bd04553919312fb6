import Arguments
import Boot
import LinuxKit

enum ShellCommand: Command {
    static let name = "shell"
    static let summary = "a shell that goes on when the connection ends"
    static let help = """
        davit shell [NUMBER | --new]
        davit shell --list

        Gives a shell with a terminal of its own, which goes on with all that runs in it when the connection ends,
        whoever ended it. The same command shows it again, from the next session, with the last of what it had shown:
        the only one, or that with the NUMBER; where there is none, it begins one. Who sees it already sees it no
        longer then. 'exit' in it ends it; so does the end of the initramfs.

          --new    begins one more
          --list   says which there are and what runs in them

        Example: ssh -t root@server shell
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let isList = try reader.flag("--list")
        let isNew = try reader.flag("--new")
        let word = try reader.operands(atMost: isList || isNew ? 0 : 1).first
        if isList {
            let lines = Status().shellLines
            Output.line(lines.isEmpty ? "There is none." : lines.joined(separator: "\n"))
            return .done
        }
        let number = word.flatMap { Int($0) }
        if let word, number == nil {
            throw UsageError("\(word): give the number of a shell.")
        }
        guard HiddenInput.isTerminal(FileDescriptor.standardInput) else {
            Output.error("davit shell needs a terminal: ssh -t root@server shell")
            return .failed
        }
        let known = isNew ? nil : try KeptShells.chosen(number)
        let id = try known ?? KeptShells.start()
        Output.line(
            known == nil
                ? "Shell \(id). It goes on when the connection ends; 'davit shell \(id)' shows it again."
                : "Shell \(id) goes on:")
        return end(try ShellView(of: id).run(), id)
    }

    private static func end(_ end: ShellView.End, _ id: Int) -> ExitCode {
        switch end {
        case .ended(let code): return ExitCode(rawValue: code)
        case .takenOver:
            Output.line("\nShell \(id) is shown in another session now.")
            return .failed
        case .left: return .failed
        case .lost:
            Output.error("\ndavit shell: the process that kept shell \(id) was killed.")
            return .failed
        }
    }
}
