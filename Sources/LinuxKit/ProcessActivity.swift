import Glibc

/// What the processes of one session use and wait for, as /proc shows it.
/// Source: Linux Documentation/filesystems/proc.rst.
package struct ProcessActivity: Sendable, Equatable {
    /// Processor time of all of them.
    package private(set) var processor = Duration.zero
    /// Bytes that they fetched from storage, and sent there.
    package private(set) var fetched: UInt64 = 0
    package private(set) var sent: UInt64 = 0
    package var storage: UInt64 { fetched &+ sent }
    /// Bytes that they read from anywhere.
    package private(set) var reads: UInt64 = 0
    /// Tasks in uninterruptible sleep.
    package private(set) var blocked: [Task] = []
    package private(set) var processes: [Int32] = []

    /// One thread that waits in the kernel.
    package struct Task: Sendable, Equatable {
        package let process: Int32
        package let task: Int32
        /// The kernel function that it waits in; empty where the kernel does not say.
        package let waitsIn: String
    }

    /// Of the session that `leader` began; what has ended and waits to be reaped does not count.
    package init(ofSession leader: Int32) {
        for pid in Files.names(in: Roots.proc).compactMap({ Int32($0) }) {
            let directory = "\(Roots.proc)/\(pid)"
            guard let fields = Self.fields(directory + "/stat"), fields.count > 12,
                Int32(fields[3]) == leader, fields[0] != "Z"
            else { continue }
            processes.append(pid)
            let ticks = (Int64(fields[11]) ?? 0) &+ (Int64(fields[12]) ?? 0)
            processor += .milliseconds(ticks &* 1000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
            addTransfers(directory)
            addBlocked(pid, directory)
        }
    }

    private mutating func addTransfers(_ directory: String) {
        for line in (Files.text(directory + "/io") ?? "").split(separator: "\n") {
            guard let value = line.split(separator: " ").last.flatMap({ UInt64($0) }) else {
                continue
            }
            if line.hasPrefix("rchar:") { reads &+= value }
            if line.hasPrefix("read_bytes:") { fetched &+= value }
            if line.hasPrefix("write_bytes:") { sent &+= value }
        }
    }

    private mutating func addBlocked(_ pid: Int32, _ directory: String) {
        for task in Files.names(in: directory + "/task").compactMap({ Int32($0) }) {
            let path = "\(directory)/task/\(task)"
            guard Self.fields(path + "/stat")?.first == "D" else { continue }
            let function = Files.text(path + "/wchan", limit: 256) ?? ""
            blocked.append(
                Task(process: pid, task: task, waitsIn: function == "0" ? "" : function))
        }
    }

    /// The fields behind the program's name, which may hold anything: state, parent, group, session, …
    static func fields(_ path: String) -> [Substring]? {
        guard let text = Files.text(path, limit: 4096), let name = text.lastIndex(of: ")") else {
            return nil
        }
        return text[text.index(after: name)...].split(separator: " ")
    }
}
