import ExportCore
import LinuxKit
import ModuleKit

/// What the kernel needs before it can export: modules, and configfs mounted.
enum Machine {
    /// In the order in which they are loaded; iscsi_target_mod needs no other by itself, and the kernel would ask a
    /// modprobe for the backstore's.
    static let modules = ["configfs", "target_core_mod", "target_core_iblock", "iscsi_target_mod"]

    /// What the target asks a modprobe for when an initiator connects, and does without modprobe without: the checksum
    /// of iSCSI. Kernels from 6.14 on have it built in.
    private static let wanted = ["crc32c_generic", "crc32c_intel"]

    /// Makes the kernel ready, or says what it lacks.
    /// - Throws: `Refusal.modulesMissing`, `.noConfigFS`; `ModuleError` when the kernel refuses a module.
    static func prepare(forOverlays: Bool = false) throws {
        let loader = ModuleLoader([.running()])
        if forOverlays { try prepareOverlays(loader) }
        if !Files.exists(ConfigTree.mountPoint) { _ = try? loader.load("configfs") }
        if Files.exists(ConfigTree.mountPoint) { try mount() }
        let needed = needed(
            isPresent: ModuleLoader.isPresent,
            shows: { Files.exists("\(ConfigTree.mountPoint)\($0)") })
        guard !needed.isEmpty else { return }
        let missing = loader.missing(among: needed)
        guard missing.isEmpty else {
            throw Refusal.modulesMissing(missing, kernel: Host.kernelRelease)
        }
        for name in needed { _ = try loader.load(name) }
        for name in wanted { _ = try? loader.load(name) }
        try mount()
    }

    /// The modules that are not there yet. Built-in ones without parameters do not show in /sys/module; what they make
    /// does. target/iscsi shows its own module and no other: anybody may have made it.
    /// - Parameter shows: whether a path below configfs is there.
    static func needed(isPresent: (String) -> Bool, shows: (String) -> Bool) -> [String] {
        modules.filter { module in
            guard !isPresent(module) else { return false }
            return switch module {
            case "configfs": !shows("")
            case "target_core_mod": !shows("/target/core")
            case "iscsi_target_mod": !shows("/target/iscsi")
            default: true
            }
        }
    }

    private static func prepareOverlays(_ loader: ModuleLoader) throws {
        let needed = Snapshot.modules
        let missing = loader.missing(among: needed)
        guard missing.isEmpty else {
            throw Refusal.overlayModulesMissing(missing, kernel: Host.kernelRelease)
        }
        for name in needed { _ = try loader.load(name) }
    }

    private static func mount() throws {
        do {
            try ConfigFS.mount(at: ConfigTree.mountPoint)
        } catch {
            throw Refusal.noConfigFS(reason: error.reason)
        }
    }
}
