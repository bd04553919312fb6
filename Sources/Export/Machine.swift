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
        // A kernel that has all of it built in shows its directories and needs no module.
        guard !Files.exists("\(ConfigTree.root)/iscsi") else { return }
        let missing = loader.missing(among: modules).filter { !isBuiltIn($0) }
        guard missing.isEmpty else {
            throw Refusal.modulesMissing(missing, kernel: Host.kernelRelease)
        }
        for name in modules where !isBuiltIn(name) { _ = try loader.load(name) }
        for name in wanted { _ = try? loader.load(name) }
        try mount()
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

    /// Built-in modules without parameters do not show in /sys/module; what they make does.
    private static func isBuiltIn(_ module: String) -> Bool {
        guard !ModuleLoader.isPresent(module) else { return true }
        return switch module {
        case "configfs": Files.exists(ConfigTree.mountPoint)
        case "target_core_mod": Files.exists("\(ConfigTree.root)/core")
        default: false
        }
    }
}
