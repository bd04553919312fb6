import Arguments
import BlkidKit
import CryptKit
import LinuxKit
import PackingKit
import SSHKit

enum VersionCommand: Command {
    static let name = "version"
    static let summary = "names the versions of davit and of what is linked into it"
    static let help = """
        davit version

        Names the versions of davit, of the C libraries linked into it, and of the running kernel.

        Example: ssh root@server davit version
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        _ = try reader.operands(atMost: 0)
        Output.line("davit \(version)")
        for library in libraries { Output.line("\(library.name) \(library.version)") }
        Output.line("Linux \(Host.kernelRelease) \(Host.architecture)")
        return .done
    }

    /// The C libraries, each named by the kit that calls it.
    private static var libraries: [(name: String, version: String)] {
        [("libblkid", BlockProbe.version)]
            + CryptLibraries.versions
            + SSHLibrary.versions
            + PackingLibraries.versions
    }
}

/// The version of this source tree.
let version = "0.1.0"
