import LinuxKit
import ModuleKit
import RepairCore

/// Mounts a file system so that the kernel replays its journal or checks it, or to count what is reachable, and unmounts
/// it again. Runs as a process of its own, because mount(2) cannot be left before it is done.
package enum KernelRun {
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case notADevice(String)
        case unknownType(String)
        case noFsck(String)
        case system(SystemError)

        package var description: String {
            switch self {
            case .notADevice(let path):
                "\(path) is no block device, and the kernel mounts nothing else. Use the checker."
            case .unknownType(let type):
                "This kernel (\(Host.kernelRelease)) cannot mount \(type). Load its module, or 'davit export' the members to a host that can."
            case .noFsck(let type):
                "This kernel (\(Host.kernelRelease)) has no fsck of its own for \(type): Linux has it from 6.8 on, in its module. Load that, or use --kernel."
            case .system(let error): error.description
            }
        }
    }

    /// Mounts and unmounts.
    /// - Throws: `.notADevice`, `.unknownType`, or the kernel's reason.
    package static func run(
        type: String, options: String, members: [String]
    ) throws(Failure) {
        try whileMounted(type: type, options: options, members: members) { _ in }
    }

    /// Runs the kernel's own fsck and prints what it says.
    /// - Returns: its exit bits.
    /// - Throws: `.notADevice`, `.noFsck`, or the kernel's reason.
    package static func fsck(
        type: String, options: String, members: [String]
    ) throws(Failure) -> Int32 {
        try prepare(type, members)
        do throws(SystemError) {
            Output.line("Running in-kernel offline fsck")
            let check = try BcachefsCheck(of: members, options: options)
            // Read to the end whoever listens: the kernel waits for who reads.
            while let words = try check.next() { Output.write(words) }
            return try check.end()
        } catch {
            throw error.isNotFound || error.isUnknownRequest ? .noFsck(type) : .system(error)
        }
    }

    private static func prepare(_ type: String, _ members: [String]) throws(Failure) {
        for member in members {
            guard (try? FileStatus(of: member))?.blockDevice != nil else {
                throw .notADevice(member)
            }
        }
        loadModules(for: type)
    }

    static func whileMounted(
        type: String, options: String, members: [String], _ body: (String) -> Void
    ) throws(Failure) {
        try prepare(type, members)
        let words = options.split(separator: ",").map(String.init)
        let isReadOnly = words.contains("ro")
        var own = words.filter { $0 != "ro" }
        // bcachefs takes its members as one source; btrfs takes the others as options.
        if type == "btrfs" { own += members.dropFirst().map { "device=\($0)" } }
        let source = type == "bcachefs" ? members.joined(separator: ":") : members.first ?? ""
        let point = "\(Jobs.root)/mounted-\(Host.pid)"
        do throws(SystemError) {
            // The mount is nobody else's, and goes away with this process, however it ends.
            try MountNamespace.leave()
            try Files.makeDirectory(point, mode: 0o700)
            defer { try? Files.removeDirectory(point) }
            Output.line(OwnLines.mounts(source))
            try Mounts.mount(
                source, at: point, type: type, options: own.joined(separator: ","),
                readOnly: isReadOnly)
            Output.line("davit: mounted")
            body(point)
            try Mounts.unmount(point)
            Output.line("davit: unmounted")
        } catch {
            throw error.isUnknownToKernel ? .unknownType(type) : .system(error)
        }
    }

    /// An initramfs without modprobe leaves the kernel's own requests for modules unanswered.
    static func loadModules(for type: String) {
        let known = (Files.text("\(Roots.proc)/filesystems") ?? "").split(separator: "\n")
        guard !known.contains(where: { $0.split(separator: "\t").last.map { $0 == type } == true })
        else { return }
        let loader = ModuleLoader([.running()])
        let helpers = type == "vfat" ? ["nls_cp437", "nls_ascii", "nls_iso8859-1"] : []
        // Found by name and not among the dependencies: the checksums of btrfs, bcachefs and f2fs.
        for name in ["crc32c_generic"] + helpers + [type] { _ = try? loader.load(name) }
    }
}
