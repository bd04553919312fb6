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

    private static func entry(_ pid: Int32) -> Entry? {
        let directory = "\(Roots.proc)/\(pid)"
        guard let name = Files.text(directory + "/comm", limit: 64),
            let line = try? Files.read(directory + "/cmdline", limit: 65536)
        else { return nil }
        let arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return Entry(pid: pid, name: name, arguments: arguments)
    }
}
