/// A thread in uninterruptible sleep: it waits in the kernel, and no signal ends it.
/// Source: Linux Documentation/filesystems/proc.rst; /proc/PID/stack needs root and CONFIG_STACKTRACE.
package struct HungThread: Sendable, Equatable, CustomStringConvertible {
    package let pid: Int32
    package let name: String
    /// The kernel functions that it is in, the innermost first; empty where the kernel does not say.
    package let functions: [String]

    /// `nil` when the thread has ended or does not sleep that way.
    package init?(_ pid: Int32) {
        let directory = "\(Roots.proc)/\(pid)"
        guard let stat = Files.text(directory + "/stat", limit: 4096),
            let end = stat.lastIndex(of: ")"), let start = stat.firstIndex(of: "("), start < end,
            stat[end...].dropFirst(2).hasPrefix("D")
        else { return nil }
        self.pid = pid
        name = String(stat[stat.index(after: start)..<end])
        functions = Self.functions(Files.text(directory + "/stack", limit: 8192) ?? "")
    }

    /// Whether it would run if it got a processor: it does not hang, the machine is busy.
    package static func isRunnable(_ pid: Int32) -> Bool {
        guard let stat = Files.text("\(Roots.proc)/\(pid)/stat", limit: 4096),
            let end = stat.lastIndex(of: ")")
        else { return false }
        return stat[end...].dropFirst(2).hasPrefix("R")
    }

    /// Kernel threads and processes whose name begins so.
    package static func all(named prefix: String) -> [HungThread] {
        Files.names(in: Roots.proc).compactMap { Int32($0) }.sorted().compactMap { HungThread($0) }
            .filter { $0.name.hasPrefix(prefix) }
    }

    /// Reads lines such as `[<0>] synchronize_rcu+0x71/0xb0 [module]`.
    static func functions(_ stack: String) -> [String] {
        stack.split(separator: "\n").compactMap { line in
            guard let word = line.split(separator: " ").first(where: { !$0.hasPrefix("[<") }),
                let plus = word.firstIndex(of: "+")
            else { return nil }
            return String(word[..<plus])
        }
    }

    /// `iscsi_np (process 77) waits in the kernel, in kthread_stop, iscsit_del_np`.
    package var description: String {
        let place = functions.isEmpty ? "" : ", in " + functions.prefix(5).joined(separator: ", ")
        return "\(name) (process \(pid)) waits in the kernel\(place)"
    }
}
