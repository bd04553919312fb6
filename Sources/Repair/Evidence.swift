import LinuxKit

/// What a stuck checker looks like from outside, for whoever has to explain it later.
enum Evidence {
    /// Kernel lines that are kept.
    private static let lastLines = 60

    /// Stacks, states and counters of its tasks, and the end of the kernel log.
    static func gather(_ activity: ProcessActivity, because reason: String) -> String {
        var text = "\(Clock.now.inSeconds): \(reason)\n"
        for pid in activity.processes {
            let directory = "\(Roots.proc)/\(pid)"
            text += "\n== process \(pid): \(Files.text(directory + "/comm", limit: 64) ?? "")\n"
            text += section(directory + "/io", "counters")
            for task in Files.names(in: directory + "/task") {
                let path = "\(directory)/task/\(task)"
                text += section(path + "/stat", "task \(task)")
                text += section(path + "/wchan", "waits in")
                text += section(path + "/stack", "stack")
            }
        }
        text += "\n== end of the kernel log\n"
        for record in KernelLogReader(fromStart: true).take(atMost: 100_000).suffix(lastLines) {
            let line = record.prefix { $0 != UInt8(ascii: "\n") }
            text += String(decoding: line, as: UTF8.self) + "\n"
        }
        return text
    }

    private static func section(_ path: String, _ name: String) -> String {
        guard let content = Files.text(path, limit: 65536), !content.isEmpty else { return "" }
        return "\(name):\n\(content)\n"
    }
}
