import LinuxKit

/// udev's work on network interfaces.
enum Udev {
    /// Whether udev has named the interface, or does not run. Before Linux 6.2 an interface that is switched on cannot be renamed, so
    /// that switching it on too early would leave the system without the name that its configuration knows.
    /// Source: systemd, src/libsystemd/sd-device/device-private.c (the file n<index> is written last).
    static func isDone(with link: Link) -> Bool {
        let udev = Roots.systemRun + "/udev"
        return !Files.exists(udev + "/control") || Files.exists(udev + "/data/n\(link.index)")
    }
}
