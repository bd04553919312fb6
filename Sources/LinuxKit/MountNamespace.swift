import CLinux
import Glibc

/// This process' own view of the mounts (mount_namespaces(7)): it goes away with the last process in it, mounts too.
package enum MountNamespace {
    /// Leaves the view that is shared with the other processes.
    package static func leave() throws(SystemError) {
        guard davit_own_mounts() == 0 else { throw SystemError("leave", "the shared mounts") }
    }

    /// Replaces what this view has at /dev by nodes of `devices` and of what every program needs; a program that
    /// searches for disks finds no others.
    package static func showOnly(devices: [BlockNode]) throws(SystemError) {
        let point = "/dev"
        guard davit_mount_devices(point) == 0 else { throw SystemError("mount over", point) }
        // Documentation/admin-guide/devices.txt
        let common: [(name: String, minor: UInt32)] = [
            ("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9), ("kmsg", 11),
        ]
        for node in common {
            guard davit_make_node("\(point)/\(node.name)", false, 1, node.minor) == 0 else {
                throw SystemError("make", "\(point)/\(node.name)")
            }
        }
        for device in devices {
            let path = "\(point)/\(device.name)"
            guard davit_make_node(path, true, device.major, device.minor) == 0 else {
                throw SystemError("make", path)
            }
        }
    }
}
