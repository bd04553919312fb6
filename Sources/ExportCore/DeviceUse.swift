/// Who uses a block device, so that it must not be given to another host.
package enum DeviceUse: Equatable, Sendable, CustomStringConvertible {
    case mounted(on: String)
    case swap
    /// An active md array, by its device.
    case array(String)
    /// A device-mapper device, by its name.
    case mapping(String)
    case volumeGroupMember(of: String)
    /// Another device that is built on it, such as a cache, by its path.
    case under(String)
    case fileSystemMember(kind: String, uuid: String)
    /// Exported by davit under this name.
    case exported(as: ExportName)
    /// Exported by somebody else, by the backstore's path in configfs.
    case exportedByOther(String)
    /// The whole disk of this partition, or a partition of this disk, is in use.
    indirect case related(String, DeviceUse)
    /// Opened exclusively by these programs, or by the kernel when there are none.
    case held(by: [String])
    /// It does not answer, and who waits for it.
    case silent(String)

    package var description: String {
        switch self {
        case .mounted(let point):
            "is mounted on \(point). Run 'umount \(point)' first."
        case .swap:
            "is in use as swap. Run 'swapoff' on it first."
        case .array(let name):
            "is part of the running array \(name). Export /dev/\(name) itself, or stop it: 'mdadm --stop /dev/\(name)'."
        case .mapping(let name):
            "is under the mapping \(name). Export /dev/mapper/\(name) itself, or close it: 'dmsetup remove \(name)'."
        case .volumeGroupMember(let name):
            "is under the LVM volume \(name). Export /dev/mapper/\(name) itself, or deactivate its volume group with "
                + "'vgchange -an'."
        case .under(let path):
            "is under \(path). Export \(path) itself, or stop what made it."
        case .fileSystemMember(let kind, let uuid):
            "is a member of the mounted \(kind) file system \(uuid). Unmount it first."
        case .exported(let name):
            "is exported under the name '\(name)'. Run 'davit export stop \(name)' first, or give --name \(name)."
        case .exportedByOther(let path):
            "is exported by somebody else, through \(path) in /sys/kernel/config/target. It is left alone; remove it "
                + "with what made it."
        case .related(let other, let use):
            "shares its sectors with \(other), and \(other) \(use)"
        case .held(let programs) where programs.isEmpty:
            "is held by the kernel or by a program that does not show itself. 'lsblk' and 'dmsetup ls --tree' may say "
                + "more."
        case .held(let programs):
            "is held by \(programs.joined(separator: ", ")). End that first."
        case .silent(let who):
            "does not answer: \(who)."
        }
    }
}
