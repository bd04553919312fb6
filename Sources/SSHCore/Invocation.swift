/// What is to be run for a request of a client.
package enum Invocation: Sendable, Equatable {
    /// davit itself with these words.
    case davit([String])
    /// `/bin/sh -c` with this line.
    case shell(String)

    /// What stands for the subsystem sftp, in authorized_keys too; as OpenSSH calls it.
    package static let internalSFTP = "internal-sftp"

    /// - Parameters:
    ///   - command: the line of an exec request; `nil` for a shell request.
    ///   - isApplet: whether davit has a command of that name.
    package init(command: String?, isApplet: (String) -> Bool) {
        guard let command else {
            self = .davit(["greet"])
            return
        }
        guard let words = ShellWords.split(command), let first = words.first else {
            self = .shell(command)
            return
        }
        if first == Self.internalSFTP {
            self = .davit(["sftp-server"] + words.dropFirst())
        } else if first == "davit" {
            self = .davit(Array(words.dropFirst()))
        } else if first.hasPrefix("davit-"), isApplet(String(first.dropFirst(6))) {
            self = .davit([String(first.dropFirst(6))] + words.dropFirst())
        } else if isApplet(first) {
            self = .davit(words)
        } else {
            self = .shell(command)
        }
    }

    /// Whether the client sends it passphrases: `greet` asks for them on a terminal, and passes a script on without one.
    package func asksForSecrets(onTerminal: Bool) -> Bool {
        switch self {
        case .davit(let words): words.first == "unlock" || words.first == "greet" && onTerminal
        case .shell: false
        }
    }
}
