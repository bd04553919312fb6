import LinuxKit
import UnlockCore

/// The questions of systemd's that wait for an agent, and the answers to them. Other agents, such as the console's, go on.
struct SystemdPrompts {
    var directory = Roots.systemRun + "/systemd/ask-password"

    /// The questions that somebody still waits for, oldest name first. The directory is looked at anew each time, which
    /// no lost event can upset.
    func look() -> [AskFile] {
        Files.names(in: directory).filter { $0.hasPrefix("ask.") }.compactMap { name in
            guard let bytes = try? Files.read("\(directory)/\(name)", limit: 1 << 16),
                let question = AskFile(parsing: bytes)
            else { return nil }
            let isOver = question.notAfter.map { $0 <= Clock.sinceBootWithoutSleep } ?? false
            return isOver || !Files.exists("/proc/\(question.pid)") ? nil : question
        }
    }

    /// The questions for the passphrases of these devices.
    func asking(for items: [UnlockItem]) -> [AttemptMachine.Asking] {
        look().compactMap { question in
            items.first { Self.isMeant($0, by: question) }.map {
                .init(name: $0.name, pid: question.pid, socket: question.socket)
            }
        }
    }

    /// The questions that are for none of these devices, or for one whose key the system sees to: it asks when that fails.
    func others(than items: [UnlockItem]) -> [AskFile] {
        let own = items.filter { !$0.isLeftToSystem }
        return look().filter { question in !own.contains { Self.isMeant($0, by: question) } }
    }

    /// Whether systemd opens something now, or waits to.
    var isAtWork: Bool {
        // The kernel keeps 15 characters of a program's name; its arguments have all of it.
        ProcessTable.all.contains { $0.program == "systemd-cryptsetup" }
    }

    private static func isMeant(_ item: UnlockItem, by question: AskFile) -> Bool {
        guard let device = question.device else { return false }
        if device == item.name || device == item.target.entry.source { return true }
        return item.device.map { Files.isSame($0, device) } ?? false
    }

    /// Gives `secret` to whoever waits at the socket.
    func answer(_ socket: String, _ secret: UnsafeRawBufferPointer) throws(SystemError) {
        try UnixSocket.send(first: UInt8(ascii: "+"), secret, to: socket)
    }
}
