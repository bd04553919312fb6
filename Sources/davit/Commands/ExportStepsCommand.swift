import Arguments
import Export

enum ExportStepsCommand: Command {
    static let name = "export-steps"
    static let isPublic = false
    static let summary =
        "carries out single steps for 'davit export', which gives it up when the kernel hangs"
    static let help = """
        davit export-steps

        Reads steps from standard input and carries them out in configfs. 'davit export' starts it.
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        _ = try reader.operands(atMost: 0)
        try StepServer.run()
        return .done
    }
}
