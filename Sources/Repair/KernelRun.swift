import LinuxKit

/// Mounts a file system so that the kernel replays its journal or checks it, and unmounts it again. Runs as a process of
/// its own, because mount(2) cannot be left before it is done.
package enum KernelRun {
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case notADevice(String)
        case unknownType(String)
        case system(SystemError)

        package var description: String {
            switch self {
            case .notADevice(let path):
                "\(path) is no block device, and the kernel mounts nothing else. Use the checker."
            case .unknownType(let type):
                "This kernel (\(Host.kernelRelease)) cannot mount \(type). Load its module, or 'davit export' the members to a host that can."
            case .system(let error): error.description
            }
        }
    }

    /// - Throws: `.notADevice`, `.unknownType`, or the kernel's reason.
    package static func run(
        type: String, options: String, members: [String]
    ) throws(Failure) {
        for member in members {
            guard (try? FileStatus(of: member))?.blockDevice != nil else {
                throw .notADevice(member)
            }
        }
        let words = options.split(separator: ",").map(String.init)
        let isReadOnly = words.contains("ro")
        var own = words.filter { $0 != "ro" }
        // bcachefs takes its members as one source; btrfs takes the others as options.
        if type == "btrfs" { own += members.dropFirst().map { "device=\($0)" } }
        let source = type == "bcachefs" ? members.joined(separator: ":") : members.first ?? ""
        let point = "\(Jobs.root)/mounted-\(Host.pid)"
        do throws(SystemError) {
            try Files.makeDirectory(point, mode: 0o700)
            defer { try? Files.removeDirectory(point) }
            try Mounts.mount(
                source, at: point, type: type, options: own.joined(separator: ","),
                readOnly: isReadOnly)
            Output.line("mounted")
            try Mounts.unmount(point)
            Output.line("unmounted")
        } catch {
            throw error.isUnknownToKernel ? .unknownType(type) : .system(error)
        }
    }
}
