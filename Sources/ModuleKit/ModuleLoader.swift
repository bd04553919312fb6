import CLinux
import Glibc
import LinuxKit

/// Loads kernel modules with what they need, without a modprobe: an initramfs may have none, and busybox' cannot
/// read packed modules.
package struct ModuleLoader {
    /// What became of one module.
    package enum Outcome: Sendable, Equatable {
        case loaded
        case alreadyThere
    }

    private let trees: [ModuleTree]
    private let release: String

    /// - Parameter trees: where modules are looked for, the first that has one wins.
    package init(_ trees: [ModuleTree], release: String = Host.kernelRelease) {
        self.trees = trees
        self.release = release
    }

    /// Whether a module is in the kernel: loaded and ready, or built in.
    package static func isPresent(_ name: String) -> Bool {
        let directory = "\(Roots.sys)/module/\(ModuleImage.canonical(name))"
        guard Files.exists(directory) else { return false }
        // A module that is just being loaded has its directory already. Built-in ones have no state.
        return Files.text(directory + "/initstate").map { $0 == "live" } ?? true
    }

    /// Loads `name` and, before it, what it needs.
    /// - Returns: the modules in the order of loading, each with what became of it.
    package func load(_ name: String) throws(ModuleError) -> [(name: String, outcome: Outcome)] {
        var done: [(name: String, outcome: Outcome)] = []
        try load(ModuleImage.canonical(name), above: [], &done)
        return done
    }

    /// Of `names` those that neither the kernel nor the trees have.
    package func missing(among names: [String]) -> [String] {
        names.filter { name in
            let name = ModuleImage.canonical(name)
            return !Self.isPresent(name)
                && !trees.contains { $0.entries[name] != nil || $0.builtIn.contains(name) }
        }
    }

    private func load(
        _ name: String, above: [String], _ done: inout [(name: String, outcome: Outcome)]
    ) throws(ModuleError) {
        guard !done.contains(where: { $0.name == name }) else { return }
        guard !Self.isPresent(name), !trees.contains(where: { $0.builtIn.contains(name) }) else {
            done.append((name, .alreadyThere))
            return
        }
        guard !above.contains(name) else { throw .circle(above + [name]) }
        guard let entry = trees.lazy.compactMap({ $0.entries[name] }).first else {
            throw .missing([name], kernel: release, searched: trees.map(\.directory))
        }
        let file = try ModuleFile(reading: entry.path)
        guard file.image.release == release else {
            throw .otherKernel(path: entry.path, builtFor: file.image.release, running: release)
        }
        // modules.dep knows more than the file, soft dependencies too; where the upload has none, that of the running
        // system does. It lists the nearest first, and what is needed must come first.
        let listed =
            entry.dependencies ?? trees.lazy.compactMap { $0.entries[name]?.dependencies }.first
        for needed in listed?.reversed() ?? file.image.dependencies {
            try load(needed, above: above + [name], &done)
        }
        done.append((name, try file.insert(as: name)))
    }
}
