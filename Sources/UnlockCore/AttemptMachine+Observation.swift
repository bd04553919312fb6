extension AttemptMachine {
    /// A process that asks, and the device it asks for: the askpass that holds the FIFO, or systemd's with a socket.
    package struct Asking: Equatable, Sendable {
        package let name: String
        package let pid: Int32
        /// Where systemd waits for the answer; `nil` for askpass.
        package let socket: String?
        package init(name: String, pid: Int32, socket: String? = nil) {
            self.name = name
            self.pid = pid
            self.socket = socket
        }
    }

    /// What can be seen from outside.
    package struct Observation: Equatable, Sendable {
        /// The names of all mappings that have a table.
        package var open: Set<String>
        package var asking: Asking?
        /// Whether cryptroot's script runs, between two prompts, too.
        package var cryptrootRuns: Bool
        /// systemd's questions, each for a device of its own.
        package var systemd: [Asking]
        /// Whether systemd-cryptsetup runs, while nothing is asked, too.
        package var systemdRuns: Bool

        package init(
            open: Set<String> = [], asking: Asking? = nil, cryptrootRuns: Bool = false,
            systemd: [Asking] = [], systemdRuns: Bool = false
        ) {
            self.open = open
            self.asking = asking
            self.cryptrootRuns = cryptrootRuns
            self.systemd = systemd
            self.systemdRuns = systemdRuns || !systemd.isEmpty
        }

        /// Whether what was told to `asking` came to nothing: it asks again, or is gone.
        func hasGoneOn(from asking: Asking) -> Bool {
            if asking.socket != nil {
                let again = systemdAsks(for: asking.name)
                return again.map { $0.socket != asking.socket } ?? !systemdRuns
            }
            let asksAgain = self.asking?.name == asking.name && self.asking?.pid != asking.pid
            return asksAgain || !cryptrootRuns && self.asking == nil
        }

        func systemdAsks(for name: String) -> Asking? { systemd.first { $0.name == name } }
    }
}
