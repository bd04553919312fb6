/// What must be let go, and in which order, before the machine can be reset without a file system noticing.
package struct ResetPlan: Sendable, Equatable {
    /// A mount as /proc/self/mountinfo has it.
    package struct Mount: Sendable, Equatable {
        package let point: String
        package let source: String
        package let type: String

        package init(point: String, source: String, type: String) {
            self.point = point
            self.source = source
            self.type = type
        }

        /// Whether it keeps data that outlives a reset.
        fileprivate var isLasting: Bool {
            source.hasPrefix("/dev/") && type != "devtmpfs"
                || ["zfs", "nfs", "nfs4", "cifs", "9p", "virtiofs", "ceph"].contains(type)
        }

        fileprivate func isBelow(_ other: Mount) -> Bool {
            point.hasPrefix(other.point == "/" ? "/" : other.point + "/")
        }
    }

    /// A device of the device mapper.
    package struct Mapping: Sendable, Equatable {
        package let name: String
        /// The kernel's name of it, such as `dm-0`.
        package let device: String
        /// The kernel names of what is built on it.
        package let holders: [String]

        package init(name: String, device: String, holders: [String]) {
            self.name = name
            self.device = device
            self.holders = holders
        }
    }

    /// Mount points, the inner ones first.
    package let unmounts: [String]
    /// Names of mappings, the upper ones first.
    package let closings: [String]

    /// - Parameter mounts: in the kernel's order, in which what is mounted on something comes after it.
    package init(mounts: [Mount], mappings: [Mapping]) {
        let lasting = mounts.filter { $0.isLasting && $0.point != "/" }
        unmounts = mounts.filter { mount in
            lasting.contains { mount == $0 || mount.isBelow($0) }
        }.reversed().map(\.point)

        var left = mappings
        var closings: [String] = []
        while !left.isEmpty {
            let devices = Set(left.map(\.device))
            let free = left.filter { devices.isDisjoint(with: $0.holders) }
            // Mappings that hold each other do not exist; were they shown so, the kernel's answer is the best one.
            let next = free.isEmpty ? left : free
            closings += next.map(\.name)
            left.removeAll { next.contains($0) }
        }
        self.closings = closings
    }
}
