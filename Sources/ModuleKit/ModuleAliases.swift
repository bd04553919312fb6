import Glibc
import LinuxKit

/// Which modules the devices of this machine ask for: depmod's modules.alias against their modalias.
package struct ModuleAliases {
    private let patterns: [(pattern: String, module: String)]

    /// The aliases of these modules, by canonical names, in `tree`'s modules.alias.
    package init(of tree: ModuleTree, among modules: Set<String>) {
        let text = Files.text(tree.directory + "/modules.alias", limit: 1 << 24) ?? ""
        self.init(parsing: text, among: modules)
    }

    /// Reads lines `alias PATTERN MODULE`.
    package init(parsing text: String, among modules: Set<String>) {
        patterns = text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 3, words[0] == "alias" else { return nil }
            let module = ModuleImage.canonical(String(words[2]))
            return modules.contains(module) ? (String(words[1]), module) : nil
        }
    }

    /// The modules that one of these devices asks for.
    package func asked(by devices: [String]) -> Set<String> {
        var asked: Set<String> = []
        for (pattern, module) in patterns where !asked.contains(module) {
            if devices.contains(where: { fnmatch(pattern, $0, 0) == 0 }) { asked.insert(module) }
        }
        return asked
    }

    /// What every device of this machine asks for.
    package static func devices() -> [String] {
        let buses = Roots.sys + "/bus"
        return Files.names(in: buses).flatMap { bus in
            Files.names(in: "\(buses)/\(bus)/devices").compactMap { device in
                Files.text("\(buses)/\(bus)/devices/\(device)/modalias", limit: 4096)
            }
        }
    }
}
