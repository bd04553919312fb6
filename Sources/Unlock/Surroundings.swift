import BlkidKit
import LinuxKit
import UnlockCore

/// What the machine shows of mappings and of those who ask for passphrases.
enum Surroundings {
    /// - Parameter items: the devices whose passphrases systemd may ask for.
    static func observe(
        askpass: Askpass = Askpass(), systemd: SystemdPrompts = SystemdPrompts(),
        _ items: [UnlockItem] = []
    ) -> AttemptMachine.Observation {
        let (asking, runs) = askpass.look()
        return .init(
            open: openMappings(), asking: asking, cryptrootRuns: runs,
            systemd: systemd.asking(for: items), systemdRuns: systemd.isAtWork)
    }

    /// Mappings that have a table; without one they have no size.
    static func openMappings(_ devices: [BlockNode] = BlockNode.all()) -> Set<String> {
        Set(devices.compactMap { $0.sectors > 0 ? $0.mapperName : nil })
    }
}
