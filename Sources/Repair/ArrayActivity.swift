import LinuxKit
import RepairCore

/// The md arrays of this machine, as far as they matter to a file system.
enum ArrayActivity {
    static var arrays: [MDArray] { MDStat.arrays(Files.text("\(Roots.proc)/mdstat") ?? "") }

    /// What the arrays below `devices` do, one line each; of those with nothing to tell, none.
    static func words(below devices: [String]) -> [String] {
        guard Files.exists("\(Roots.proc)/mdstat") else { return [] }
        let names = devices.compactMap(Usage.kernelName).flatMap { [$0] + below($0, 8) }
        guard names.contains(where: { $0.hasPrefix("md") }) else { return [] }
        return arrays.filter { array in
            names.contains(array.name) && (array.activity != nil || array.isDegraded)
        }.map(\.words)
    }

    /// The devices that `name` is built on, over several layers.
    private static func below(_ name: String, _ depth: Int) -> [String] {
        guard depth > 0 else { return [] }
        return Files.names(in: "\(Roots.sys)/class/block/\(name)/slaves").flatMap {
            [$0] + below($0, depth - 1)
        }
    }
}
