import Glibc

/// A path with `*`, `?` and `[...]` in it, as a shell has them.
///
/// Not glob(3): that looks for users' home directories, and brings the name service into a static program.
package enum PathPattern {
    private static let slash = UInt8(ascii: "/")

    /// The paths that are there and fit `pattern`, sorted; `pattern` itself where none does, or where it is a path that is
    /// there. Names that begin with a dot fit only what begins with one.
    package static func matches(_ pattern: [UInt8]) -> [[UInt8]] {
        if isThere(pattern) { return [pattern] }
        var found: [[UInt8]] = [pattern.first == slash ? [slash] : []]
        for part in pattern.split(separator: slash) {
            found = found.flatMap { extend($0, by: Array(part)) }
        }
        return found.isEmpty ? [pattern] : found
    }

    private static func extend(_ path: [UInt8], by part: [UInt8]) -> [[UInt8]] {
        let base = path.isEmpty || path.last == slash ? path : path + [slash]
        let isPlain = part.allSatisfy { !"*?[\\".utf8.contains($0) }
        guard !isPlain else { return isThere(base + part) ? [base + part] : [] }
        let names = names(in: base).filter { name in
            FileCalls.withPath(part) { pattern in
                FileCalls.withPath(name) { fnmatch(pattern, $0, FNM_PERIOD) == 0 }
            }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }.map { base + $0 }
    }

    private static func names(in directory: [UInt8]) -> [[UInt8]] {
        guard let reader = try? DirectoryReader(directory.isEmpty ? [UInt8(ascii: ".")] : directory)
        else { return [] }
        var names: [[UInt8]] = []
        while let name = (try? reader.next()) ?? nil {
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names
    }

    private static func isThere(_ path: [UInt8]) -> Bool {
        (try? FileCalls.status(of: path, followingLinks: false)) != nil
    }
}
