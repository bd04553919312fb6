import Arguments
import LinuxKit
import Recorder
import SSHServer

enum SessionCommand: Command {
    static let name = "session"
    static let summary = "serves one SSH connection"
    static let isPublic = false
    static let help = """
        davit session [--known] [--passphrase-login] [--forward PORT]... [--config DIR]
        davit session --check [--config DIR]

        Serves the SSH connection that is its descriptor 3. 'davit sshd' starts one for each connection.

          --known   somebody logged in from there before, so that it comes no later than other processes
          --passphrase-login   the passphrase of a locked disk logs in, too
          --check   says what is wrong with the server's files, and serves nobody
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let configuration = try reader.value("--config") ?? Roots.etc
        let isKnown = try reader.flag("--known")
        let letsPassphrasesIn = try reader.flag("--passphrase-login")
        let forwarding = try SshdCommand.forwarding(&reader)
        let isCheck = try reader.flag("--check")
        _ = try reader.operands(atMost: 0)
        if isCheck {
            for complaint in FileCheck.complaints(configuration) { Output.line(complaint) }
            return .done
        }
        do {
            try Connection.serve(
                3, configuration: configuration, isKnown: isKnown,
                letsPassphrasesIn: letsPassphrasesIn, forwarding: forwarding
            ) { Applets.named($0) != nil }
            return .done
        } catch {
            // Nobody reads this process' output: the log is where its words go. Not on the console: strangers can make
            // this happen as often as they like, and 'davit sshd' says it there once.
            Recorder(component: .session).record("\(error)")
            return .failed
        }
    }
}
