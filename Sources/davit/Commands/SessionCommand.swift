import Arguments
import LinuxKit
import Recorder
import SSHServer

enum SessionCommand: Command {
    static let name = "session"
    static let summary = "serves one SSH connection"
    static let isPublic = false
    static let help = """
        davit session [--config DIR]

        Serves the SSH connection that is its descriptor 3. 'davit sshd' starts one for each connection.
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let configuration = try reader.value("--config") ?? Roots.etc
        _ = try reader.operands(atMost: 0)
        do {
            try Connection.serve(3, configuration: configuration) { Applets.named($0) != nil }
            return .done
        } catch {
            // Nobody reads this process' output: the log is where its words go. Not on the console: strangers can make
            // this happen as often as they like, and 'davit sshd' says it there once.
            Recorder(component: "session").record("\(error)")
            return .failed
        }
    }
}
