import LinuxKit
import RepairCore

/// A file on the device that copies go to, there for as long as it is mounted: after a reset in that moment it says that
/// nothing but a copy can be half written. Only where there is no journal that says so itself.
package struct CopyMark {
    private static let name = "davit-copying"
    private static let text =
        "davit was copying the record of a repair. If this file is still here, the machine was reset meanwhile: that copy may be half written, and nothing else. A check of this file system removes the traces.\n"

    private let directory: String
    /// Not closed in order before: the kernel leaves it so, and the mark stays with it until somebody checks it.
    private let stays: Bool

    /// Makes it, and has it written before anything else; `nil` where a journal does its work.
    init?(on system: FileSystem, at directory: String) {
        guard system.journal == .none else { return nil }
        self.directory = directory
        stays = system.state == .unclean
        // Without room for it, the copy is worth more than the mark.
        try? Files.replace(
            "\(directory)/\(Self.name)", with: Array(Self.text.utf8), mode: 0o600, durably: true)
        flush()
    }

    func remove() {
        guard !stays else { return }
        try? Files.remove("\(directory)/\(Self.name)")
        flush()
    }

    private func flush() { try? FileDescriptor(openingDirectory: directory).flush() }

    // MARK: After a reset

    /// Whether a mount of what was not closed in order does nothing that its owner would not have done: a journal is
    /// replayed, as on every machine; or it was davit that did not close it.
    static func isHarmless(_ device: String, _ system: FileSystem) -> Bool {
        // The kernel replays those by the mount itself, and takes a JFS only from its checker.
        if system.journal.isToBeReplayed { return system.backend != "jfs" }
        guard system.journal == .none else { return false }
        // In a mount namespace that goes away with it.
        let request = ChildProcess.Request.davit(["job", "marked", system.type, device])
        guard var child = try? ChildProcess(starting: request),
            let exit = (try? child.wait(until: Clock.now + .seconds(20))) ?? nil
        else { return false }
        return exit == .code(0)
    }

    /// Looks for the mark; nothing is written.
    /// - Throws: when it is not there, or the device cannot be mounted.
    package static func look(for type: String, on device: String) throws(RepairError) {
        let point = "\(Jobs.root)/mark-\(Host.pid)"
        do throws(SystemError) {
            try MountNamespace.leave()
            KernelRun.loadModules(for: type)
            try Files.makeDirectory(point, mode: 0o700)
            defer { try? Files.removeDirectory(point) }
            try Mounts.mount(device, at: point, type: type, options: "", readOnly: true)
            defer { try? Mounts.unmount(point) }
            _ = try FileStatus(of: "\(point)/\(name)")
        } catch {
            throw .system(error)
        }
    }
}
