import LinuxKit
import ModuleKit

/// The drivers that scripts/overlay put beside davit, for an initramfs without udev.
///
/// `/etc/davit/modules` has a line for each: `always NAME`, or `match NAME` for one that is loaded where a device
/// asks for it.
enum OverlayModules {
    /// A driver can bring new devices (virtio, USB), which ask for others; no chain is longer.
    private static let rounds = 6

    /// Loads them.
    /// - Returns: a line for each that was loaded or could not be.
    static func load() -> [String] {
        let text = Files.text(Roots.etc + "/modules", limit: 65536) ?? ""
        var always: [String] = []
        var matching: Set<String> = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 2 else { continue }
            switch words[0] {
            case "always": always.append(words[1])
            case "match": matching.insert(ModuleImage.canonical(words[1]))
            default: continue
            }
        }
        guard !always.isEmpty || !matching.isEmpty else { return [] }
        let tree = ModuleTree.running()
        let loader = ModuleLoader([tree])
        var reports: [String] = []
        func load(_ name: String) {
            do throws(ModuleError) {
                let loaded = try loader.load(name).filter { $0.outcome == .loaded }.map(\.name)
                if !loaded.isEmpty { reports.append("loaded \(loaded.joined(separator: ", "))") }
            } catch {
                reports.append("\(error)")
            }
        }
        for name in always { load(name) }
        for _ in 0..<rounds {
            let asked = ModuleAliases(of: tree, among: matching).asked(by: ModuleAliases.devices())
            guard !asked.isEmpty else { break }
            for name in asked.sorted() { load(name) }
            matching.subtract(asked)
        }
        return reports
    }
}
