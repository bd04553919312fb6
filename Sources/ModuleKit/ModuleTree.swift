import LinuxKit

/// The module files below one directory: a whole tree with modules.dep as depmod makes it, or a handful of uploaded
/// files without one.
package struct ModuleTree: Sendable {
    /// Where a module is, and what it says it needs, where modules.dep says it.
    package struct Entry: Sendable, Equatable {
        package let path: String
        /// Names of modules, all of them, nearest last; `nil`: only the file itself knows.
        package let dependencies: [String]?

        package init(path: String, dependencies: [String]?) {
            self.path = path
            self.dependencies = dependencies
        }
    }

    package let directory: String
    package private(set) var entries: [String: Entry] = [:]
    /// Whether modules.dep was there, which lists everything that a kernel has.
    package private(set) var isIndexed = false
    /// Modules that are part of the kernel.
    package private(set) var builtIn: Set<String> = []

    /// The tree of the running kernel.
    package static func running() -> ModuleTree {
        ModuleTree(in: "/lib/modules/\(Host.kernelRelease)")
    }

    /// Reads `directory`/modules.dep, or else looks for module files in and below it.
    package init(in directory: String) {
        self.directory = directory
        if let index = Files.text(directory + "/modules.dep", limit: 1 << 24) {
            isIndexed = true
            entries = Self.index(index, in: directory)
            let text = Files.text(directory + "/modules.builtin", limit: 1 << 22) ?? ""
            builtIn = Set(text.split(separator: "\n").compactMap { Self.name(of: String($0)) })
        } else {
            collect(directory, depth: 16)
        }
    }

    /// Single files.
    package init(files: [String]) {
        directory = files.first ?? ""
        for file in files { add(file) }
    }

    package var paths: [String] { entries.values.map(\.path).sorted() }

    /// Reads modules.dep: `PATH: PATH PATH…`, relative to the directory.
    package static func index(_ text: String, in directory: String) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let path = String(line[..<colon])
            guard let name = name(of: path) else { continue }
            let needed = line[line.index(after: colon)...].split(separator: " ")
                .compactMap { Self.name(of: String($0)) }
            entries[name] = Entry(
                path: path.hasPrefix("/") ? path : "\(directory)/\(path)", dependencies: needed)
        }
        return entries
    }

    /// The module's name by its file's, or `nil` when the file is none.
    package static func name(of path: String) -> String? {
        guard let file = path.split(separator: "/").last,
            let end = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"].first(where: { file.hasSuffix($0) }),
            file.count > end.count
        else { return nil }
        return ModuleImage.canonical(String(file.dropLast(end.count)))
    }

    private mutating func add(_ path: String) {
        guard let name = Self.name(of: path), entries[name] == nil else { return }
        entries[name] = Entry(path: path, dependencies: nil)
    }

    private mutating func collect(_ directory: String, depth: Int) {
        for name in Files.names(in: directory) {
            let path = "\(directory)/\(name)"
            if Self.name(of: name) != nil {
                add(path)
            } else if depth > 0, Files.linkTarget(path) == nil {
                collect(path, depth: depth - 1)
            }
        }
    }
}
