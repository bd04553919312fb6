import Glibc

/// The processes of this machine as /proc shows them; what has ended meanwhile is left out.
package enum ProcessTable {
    /// One process.
    package struct Entry: Sendable, Equatable {
        package let pid: Int32
        /// The program's name, at most 15 bytes.
        package let name: String
        /// The whole argument vector; empty for kernel threads.
        package let arguments: [String]

        package init(pid: Int32, name: String, arguments: [String]) {
            self.pid = pid
            self.name = name
            self.arguments = arguments
        }

        /// The last part of the program's path, such as `askpass`.
        package var program: String {
            arguments.first?.split(separator: "/").last.map(String.init) ?? name
        }

        /// For people: `mkfs.ext4 (process 812)`.
        package var words: String { "\(program) (process \(pid))" }
    }

    /// All processes, by ascending number.
    package static var all: [Entry] {
        Files.names(in: Roots.proc).compactMap { Int32($0) }.sorted().compactMap(entry)
    }

    /// The processes whose program has one of these names.
    package static func running(_ programs: Set<String>) -> [Entry] {
        all.filter { programs.contains($0.program) }
    }

    /// One variable of another process' environment, as it was when the process began; needs to be root or its owner.
    package static func environment(of pid: Int32, _ name: String) -> String? {
        guard let bytes = try? Files.read("\(Roots.proc)/\(pid)/environ") else { return nil }
        for variable in bytes.split(separator: 0) {
            let text = String(decoding: variable, as: UTF8.self)
            if text.hasPrefix(name + "=") { return String(text.dropFirst(name.count + 1)) }
        }
        return nil
    }

    /// The process that started `pid`, or that took it over; `nil` when it has ended.
    package static func parent(of pid: Int32) -> Int32? {
        ProcessActivity.fields("\(Roots.proc)/\(pid)/stat").flatMap { fields in
            fields.count > 1 ? Int32(fields[1]) : nil
        }
    }

    /// The process that has the terminal of `pid` now: itself, or what it started. Source: proc(5), tpgid.
    package static func foreground(of pid: Int32) -> Entry? {
        ProcessActivity.fields("\(Roots.proc)/\(pid)/stat").flatMap { fields in
            fields.count > 5 ? Int32(fields[5]).flatMap(entry) : nil
        }
    }

    /// When `pid` began, on the clock of `Clock.now`; `nil` when it has ended.
    package static func beginning(of pid: Int32) -> Duration? {
        guard let fields = ProcessActivity.fields("\(Roots.proc)/\(pid)/stat"), fields.count > 19,
            let ticks = Int64(fields[19])
        else { return nil }
        return .milliseconds(ticks &* 1000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
    }

    /// The processes that have something open, run from, or stand somewhere below a mount point.
    package static func users(of point: String) -> [Entry] {
        all.filter { entry in
            let directory = "\(Roots.proc)/\(entry.pid)"
            let links =
                ["cwd", "root", "exe"].map { "\(directory)/\($0)" }
                + Files.names(in: directory + "/fd").map { "\(directory)/fd/\($0)" }
            return links.lazy.compactMap(Files.linkTarget).contains {
                $0 == point || $0.hasPrefix(point + "/")
            }
        }
    }

    /// The processes that have a block device open, by whatever node.
    package static func openers(of node: BlockNode) -> [Entry] {
        all.filter { entry in
            let directory = "\(Roots.proc)/\(entry.pid)/fd"
            return Files.names(in: directory).contains { name in
                let file = "\(directory)/\(name)"
                return Files.linkTarget(file)?.hasPrefix("/") == true && BlockNode(at: file) == node
            }
        }
    }

    /// One process; `nil` when it has ended.
    package static func entry(_ pid: Int32) -> Entry? {
        let directory = "\(Roots.proc)/\(pid)"
        guard let name = Files.text(directory + "/comm", limit: 64),
            let line = try? Files.read(directory + "/cmdline", limit: 65536)
        else { return nil }
        let arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return Entry(pid: pid, name: name, arguments: arguments)
    }
}
