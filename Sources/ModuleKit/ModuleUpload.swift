import LinuxKit

/// What somebody wants loaded: files, directories and names, as they stand on a command line.
package struct ModuleUpload: Sendable {
    private let asked: [String]
    private let trees: [ModuleTree]

    /// A word that is a path, or names a directory that is here, is a file or a directory; others are names of modules.
    /// - Throws: `ModuleError.nothingThere` for a directory without modules and for a file that is none.
    package init(_ words: [String], release: String = Host.kernelRelease) throws(ModuleError) {
        var asked: [String] = []
        var trees: [ModuleTree] = []
        var files: [String] = []
        for word in words {
            if ModuleTree.name(of: word) != nil {
                guard Files.exists(word) else { throw .nothingThere(path: word) }
                files.append(word)
            } else if word.utf8.contains(UInt8(ascii: "/"))
                || (try? FileStatus(of: word))?.isDirectory == true
            {
                let tree = ModuleTree(in: Self.treeDirectory(word, release))
                guard !tree.entries.isEmpty else { throw .nothingThere(path: word) }
                trees.append(tree)
            } else {
                asked.append(word)
            }
        }
        if !files.isEmpty { trees.append(ModuleTree(files: files)) }
        self.asked = asked
        self.trees = trees
    }

    /// The modules to load.
    /// - Throws: `ModuleError.wholeTree` when a tree of everything is given without a name.
    package var names: [String] {
        get throws(ModuleError) {
            guard asked.isEmpty else { return asked }
            if let whole = trees.first(where: \.isIndexed) {
                throw .wholeTree(path: whole.directory, count: whole.entries.count)
            }
            return trees.flatMap { $0.entries.keys.sorted() }
        }
    }

    /// Looks in what was uploaded first, and for what that lacks in the running system's own tree.
    package var loader: ModuleLoader { ModuleLoader(trees + [.running()]) }

    /// Where in an unpacked kernel package the modules are.
    private static func treeDirectory(_ path: String, _ release: String) -> String {
        let places = [
            "", "/\(release)", "/lib/modules/\(release)", "/usr/lib/modules/\(release)",
        ].map { path + $0 }
        return places.first { Files.exists($0 + "/modules.dep") } ?? places.dropFirst()
            .first { Files.exists($0) } ?? path
    }
}
