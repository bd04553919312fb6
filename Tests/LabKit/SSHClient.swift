import Foundation

/// OpenSSH's client inside a lab, with a key and known hosts of its own and nothing of the user's.
package struct SSHClient: Sendable {
    let enclosure: Enclosure
    package let keyFile: String
    package let knownHostsFile: String

    /// - Parameter hostKeys: lines "TYPE BASE64 …", as in a host's .pub files.
    package init(
        enclosure: Enclosure, privateKey: String, hostKeys: String, hosts: [String]
    ) throws {
        try Tools.require(["ssh"])
        self.enclosure = enclosure
        keyFile = "\(enclosure.scratch)/id"
        knownHostsFile = "\(enclosure.scratch)/known_hosts"
        let known = hostKeys.split(separator: "\n").flatMap { key in
            hosts.map { "\($0) \(key)\n" }
        }
        try writePrivately(privateKey, to: keyFile)
        try writePrivately(known.joined(), to: knownHostsFile)
    }

    /// The whole command line, as one would type it inside the lab's network.
    package func command(
        host: String, options: [String] = [], _ remote: [String] = []
    ) -> [String] {
        ["ssh"] + settings + options + ["root@\(host)"] + remote
    }

    private var settings: [String] {
        [
            "-F", "none", "-i", keyFile, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "UserKnownHostsFile=\(knownHostsFile)", "-o", "GlobalKnownHostsFile=/dev/null",
            "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=60",
            // Ends when the far side is gone without a word, but not while that stands still for a look at its memory.
            "-o", "ServerAliveInterval=30", "-o", "ServerAliveCountMax=8",
        ]
    }

    /// Starts OpenSSH's `scp` or `sftp`, with options and operands as one would type them.
    package func startTransfer(_ program: String, _ words: [String]) throws -> Child {
        try Tools.require([program])
        return try enclosure.start(
            [program] + settings + words, name: program, environment: environment)
    }

    /// Whose client: OpenSSH's `ssh`, or dropbear's `dbclient`.
    package enum Program: Sendable { case openSSH, dropbear }

    /// Starts a session; with `terminal`, the far side gets a terminal as from an interactive login.
    package func start(
        host: String, terminal: Bool = false, with program: Program, _ remote: [String] = []
    ) async throws -> Child {
        switch program {
        case .openSSH: return try start(host: host, terminal: terminal, remote)
        case .dropbear:
            try Tools.require(["dbclient", "dropbearconvert", "script"])
            let key = "\(enclosure.scratch)/id.dropbear"
            let known = "\(enclosure.scratch)/.ssh"
            try await enclosure.run([
                "sh", "-euc",
                """
                dropbearconvert openssh dropbear "$0" "$1" 2>/dev/null
                mkdir -p "$2" && cp "$3" "$2/known_hosts"
                """, keyFile, key, known, knownHostsFile,
            ])
            let command =
                ["dbclient", "-K", "60", "-i", key] + (terminal ? ["-t"] : []) + ["root@\(host)"]
            // dbclient gives a terminal only to who has one.
            let line = (command + remote).joined(separator: " ")
            return try enclosure.start(
                terminal ? ["script", "-qefc", line, "/dev/null"] : command + remote,
                name: "dbclient", environment: environment)
        }
    }

    /// Starts a session of OpenSSH's client.
    package func start(
        host: String, terminal: Bool = false, _ remote: [String] = []
    ) throws -> Child {
        try enclosure.start(
            command(host: host, options: terminal ? ["-tt"] : [], remote), name: "ssh",
            environment: environment)
    }

    /// Runs a remote command with `input` on its standard input; gives its result whatever it is.
    ///
    /// Where not even a connection came about, as with a guest that does not get its turn, it is tried again meanwhile.
    package func run(
        host: String, _ remote: [String], input: [UInt8] = [], within limit: Duration
    ) async throws -> Child.Result {
        let deadline = ContinuousClock.now + limit
        while true {
            let child = try start(host: host, remote)
            child.write(input)
            child.closeInput()
            let result = try await child.result(within: limit)
            guard result.status == .exited(255), Self.hadNoConnection(result.errors),
                ContinuousClock.now < deadline
            else { return result }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// What OpenSSH's client says before there is anybody to run a command; of a connection that ends later it says something
    /// else ("Connection to HOST closed").
    static func hadNoConnection(_ errors: String) -> Bool {
        errors.contains(
            /port 22: Connection |during banner exchange|banner exchange: |kex_exchange_identification: |Connection (?:closed|reset) by .* port 22/
        )
    }

    /// No agent, no display, no settings of whoever runs the lab.
    private var environment: [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return ["PATH": path, "HOME": enclosure.scratch, "TERM": "dumb", "LC_ALL": "C"]
    }
}

func writePrivately(_ text: String, to path: String) throws {
    guard
        FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw LabError.unexpected("\(path) could not be written.") }
}
