import Arguments
import LinuxKit

enum VersionCommand: Command {
    static let name = "version"
    static let summary = "names the versions of davit and of what is linked into it"
    static let help = """
        davit version

        Names the versions of davit, of the C libraries linked into it, and of the running kernel.
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        _ = try reader.operands(atMost: 0)
        Output.line("davit \(version)")
        return .done
    }
}

/// The version of this source tree.
let version = "0.1.0"
