import CLinux

/// The devices that the kernel's btrfs has seen.
package enum BtrfsDevices {
    /// Drops one that is not mounted from the kernel's list; that it is not there is no error. Oldest kernel: 5.1.
    package static func forget(_ path: String) { _ = davit_btrfs_forget(path) }
}
