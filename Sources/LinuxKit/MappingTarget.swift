/// One target of a device-mapper table that fills a whole mapping.
/// Source: Linux Documentation/admin-guide/device-mapper/snapshot.rst.
package struct MappingTarget: Sendable, Equatable {
    /// The kernel's name for the kind, such as `snapshot`.
    package let type: String
    /// In units of 512 bytes.
    package let sectors: UInt64
    package let parameters: String

    package init(type: String, sectors: UInt64, parameters: String) {
        self.type = type
        self.sectors = sectors
        self.parameters = parameters
    }

    /// Shows `origin` with the writes that `store` holds over it; new writes go to `store`, `origin` is opened for
    /// reading only. A full `store` makes further writes fail and stays readable ("Overflow").
    /// - Parameter store: the path of a block device; zeros in its first 4096 bytes make it a new store.
    package static func snapshot(of origin: BlockNode, in store: String) -> MappingTarget {
        over("snapshot", origin, store, "PO")
    }

    /// Shows the same as `snapshot`, opens `origin` for writing, and writes what `store` holds into it.
    package static func snapshotMerge(into origin: BlockNode, from store: String) -> MappingTarget {
        over("snapshot-merge", origin, store, "P")
    }

    /// The unit of copying: 4 KiB, in units of 512 bytes.
    private static let chunkSectors = 8

    private static func over(
        _ type: String, _ origin: BlockNode, _ store: String, _ kind: String
    ) -> MappingTarget {
        MappingTarget(
            type: type, sectors: UInt64(clamping: origin.sectors),
            parameters: "\(origin.number) \(store) \(kind) \(chunkSectors)")
    }
}

/// How full the store of a `snapshot` or `snapshot-merge` is. Source: drivers/md/dm-snap.c, snapshot_status.
package enum SnapshotFill: Sendable, Equatable {
    /// In units of 512 bytes; `metadata` is the part of `used` that holds no data.
    case holds(used: UInt64, of: UInt64, metadata: UInt64)
    /// A write did not fit, and failed; what had been written is still there.
    case overflowed
    /// The store could not be read or written: what it held is lost.
    case invalid
    case mergeFailed

    /// Reads `16/204800 16`, `Overflow`, `Invalid`, `Merge failed`.
    package init?(_ status: String) {
        switch status {
        case "Overflow": self = .overflowed
        case "Invalid": self = .invalid
        case "Merge failed": self = .mergeFailed
        default:
            let numbers = status.split { $0 == "/" || $0 == " " }.compactMap { UInt64($0) }
            guard numbers.count == 3 else { return nil }
            self = .holds(used: numbers[0], of: numbers[1], metadata: numbers[2])
        }
    }

    /// What the newer content takes in the store, in bytes; `nil` where the kernel does not say.
    package var bytes: UInt64? {
        guard case .holds(let used, _, let metadata) = self else { return nil }
        return used > metadata ? (used - metadata) &* 512 : 0
    }
}
