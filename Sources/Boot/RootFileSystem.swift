import BlkidKit
import ExportCore
import LinuxKit
import ModuleKit

/// What the root device holds, and whether the kernel that runs can mount it.
package struct RootFileSystem: Sendable, Equatable {
    /// The device as `root=` names it.
    package let device: String
    /// libblkid's name of the file system, such as `bcachefs`.
    package let type: String
    /// Empty where the file system has none.
    let uuid: String
    /// Whether the kernel has a driver for it, or there is a module.
    package let isKnown: Bool

    /// Reads the root device; `nil` when it is not there or holds no file system that is recognised. A disk that does not
    /// answer holds the caller up.
    package static func look() -> RootFileSystem? {
        guard let root = BootStage.root, let path = root.path, let (type, uuid) = content(of: path)
        else { return nil }
        return RootFileSystem(
            device: root.name, type: type, uuid: uuid,
            isKnown: isKnown(
                type, filesystems: Files.text(Roots.proc + "/filesystems") ?? "",
                modules: .running()))
    }

    static func content(of path: String) -> (type: String, uuid: String)? {
        if let found = (try? BlockProbe.look(at: path)) ?? nil {
            return found.usage == "filesystem" ? (found.type, found.uuid) : nil
        }
        // libblkid may be older than the version of bcachefs.
        guard let file = try? FileDescriptor(readingWithoutWaiting: path),
            let start = try? file.read(8192, at: 0),
            let member = MemberSuperblock(bcachefs: start)
        else { return nil }
        return ("bcachefs", member.uuid ?? "")
    }

    /// Modules that serve a file system of another name.
    private static let modules = [
        "ext2": "ext4", "ext3": "ext4", "iso9660": "isofs", "ntfs": "ntfs3",
    ]

    /// - Parameters:
    ///   - filesystems: /proc/filesystems.
    ///   - tree: asked only for what is not among them.
    static func isKnown(
        _ type: String, filesystems: String, modules tree: @autoclosure () -> ModuleTree
    ) -> Bool {
        let drivers = filesystems.split(separator: "\n").compactMap {
            $0.split(separator: "\t").last
        }
        if drivers.contains(where: { $0 == type }) { return true }
        let module = modules[type] ?? type
        let tree = tree()
        return tree.entries[module] != nil || tree.builtIn.contains(module)
    }

    /// Why it cannot be mounted here, and what to type instead; `nil` when nothing is known against it.
    package var obstacle: String? {
        guard !isKnown else { return nil }
        let disks = uuid.isEmpty ? device : "--filesystem \(uuid)"
        return
            "\(device) holds \(type), for which this kernel (\(Host.kernelRelease)) has no driver and no module. "
            + "Give its disks to a host with a newer kernel: davit export \(disks)"
    }
}
