import Arguments
import LinuxKit

/// The applet table, and the way from a command line to the command that it names.
enum Applets {
    /// Every applet, in the order of `davit help`.
    static var all: [any Command.Type] {
        [
            StatusCommand.self,
            UnlockCommand.self,
            ExportCommand.self,
            RepairCommand.self,
            ShellCommand.self,
            LogCommand.self,
            BootCommand.self,
            RebootCommand.self,
            ModulesCommand.self,
            NetCommand.self,
            SshdCommand.self,
            SuperviseCommand.self,
            InitCommand.self,
            KeygenCommand.self,
            HelpCommand.self,
            VersionCommand.self,

            // Those that davit starts for itself.
            GreetCommand.self,
            SessionCommand.self,
            SFTPServerCommand.self,
            SCPCommand.self,
            JobCommand.self,
            UnlockWorkerCommand.self,
            ExportStepsCommand.self,
        ]
    }

    static func named(_ name: String) -> (any Command.Type)? {
        all.first { $0.name == name }
    }

    /// Runs the applet that the command line chooses, and puts what goes wrong into words.
    static func run(_ commandLine: [String]) -> ExitCode {
        Process.ignoreBrokenPipes()
        let (name, arguments) = chosen(commandLine)
        guard let applet = named(name) else {
            Output.error("davit: \(name): there is no such command. 'davit help' lists them.")
            return .usage
        }
        do {
            if arguments == ["--help"] { return try HelpCommand.run([name]) }
            return try applet.run(arguments)
        } catch let error as UsageError {
            Output.error("davit \(name): \(error) 'davit help \(name)' says what it takes.")
            return .usage
        } catch let error as SystemError {
            Output.error("davit \(name): \(error)")
            return .system
        } catch {
            Output.error("davit \(name): \(error)")
            return .failed
        }
    }

    /// The applet by the name that davit was called by (`davit-net`), or else by the first word; and the words left.
    private static func chosen(_ words: [String]) -> (name: String, arguments: [String]) {
        let called = words.first.flatMap { $0.split(separator: "/").last } ?? ""
        if called.hasPrefix("davit-") {
            return (String(called.dropFirst("davit-".count)), Array(words.dropFirst()))
        }
        let name = words.dropFirst().first ?? "help"
        let synonyms = ["--help": "help", "-h": "help", "--version": "version"]
        return (synonyms[name] ?? name, Array(words.dropFirst(2)))
    }
}
