import LinuxKit
import RepairCore

/// The md arrays of this machine, as far as they matter to a file system.
enum ArrayActivity {
    static var arrays: [MDArray] { MDStat.arrays(Files.text("\(Roots.proc)/mdstat") ?? "") }

    /// The arrays below `devices` that have something to tell.
    static func busy(below devices: [String]) -> [MDArray] {
        guard Files.exists("\(Roots.proc)/mdstat") else { return [] }
        let kernel = KernelNames(of: devices, uuid: "")
        let names = kernel.own + kernel.below
        guard names.contains(where: { $0.hasPrefix("md") }) else { return [] }
        return arrays.filter { array in
            names.contains(array.name) && (array.activity != nil || array.isDegraded)
        }
    }

    /// What they do, one line each.
    static func words(below devices: [String]) -> [String] { busy(below: devices).map(\.words) }
}
