import Arguments
import LinuxKit
import SSHServer

enum KeygenCommand: Command {
    static let name = "keygen"
    static let summary = "makes this machine's SSH host key, or shows it"
    static let help = """
        davit keygen [--show] DIR

        Makes DIR/host_ed25519_key unless it is there, and prints its fingerprint and its public line. A key that is
        there is never replaced.

          --show   only prints; fails when there is no key

        Example: davit keygen /etc/davit
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let onlyShow = try reader.flag("--show")
        guard let directory = try reader.operands(atMost: 1).first, !directory.isEmpty else {
            throw UsageError("Give the directory for the key.")
        }
        let key =
            try onlyShow
            ? HostKeyFile.show(in: directory) : HostKeyFile.make(in: directory)
        if !onlyShow { Output.line("\(key.path): \(key.wasThere ? "already there" : "made")") }
        Output.line(key.fingerprint)
        Output.line(key.publicLine)
        return .done
    }
}
