import Arguments
import LinuxKit

enum HelpCommand: Command {
    static let name = "help"
    static let summary = "says what a command does and takes"
    static let help = """
        davit help [COMMAND]

        Lists the commands, or says what one does and takes.

        Example: davit help unlock
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        guard let wanted = try reader.operands(atMost: 1).first else {
            Output.write(overview)
            return .done
        }
        guard let applet = Applets.named(wanted) else {
            throw UsageError("\(wanted): there is no such command.")
        }
        Output.line(applet.help)
        return .done
    }

    private static var overview: String {
        let listed = Applets.all.filter { $0.isPublic }
        let width = listed.map { $0.name.count }.max() ?? 0
        let lines = listed.map { applet in
            let gap = String(repeating: " ", count: width - applet.name.count + 2)
            return "  davit \(applet.name)\(gap)\(applet.summary)\n"
        }
        return """
            davit gets a headless machine back that cannot boot by itself.

            \(lines.joined())
            'davit help COMMAND' says more.

            """
    }
}
