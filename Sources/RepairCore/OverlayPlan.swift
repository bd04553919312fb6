/// How large the overlay of each member may grow, so that a trial takes neither the memory nor the disk whole.
package struct OverlayPlan: Sendable, Equatable {
    /// Where the writes of a trial go.
    package enum Place: Sendable, Equatable {
        case memory
        /// Files without names in this directory.
        case directory(String)
    }

    package enum Refusal: Error, Equatable, CustomStringConvertible {
        case noRoom(place: Place, bytes: UInt64)

        package var description: String {
            switch self {
            case .noRoom(.memory, let bytes):
                "\(bytes) bytes of memory are too few for the overlays of a trial. Give --overlay-in DIRECTORY on another disk."
            case .noRoom(.directory(let path), let bytes):
                "\(path) has room for \(bytes) bytes, too few for the overlays of a trial. Give another directory."
            }
        }
    }

    /// Bytes of the store of each member, in their order.
    package let sizes: [UInt64]

    /// Less is not worth a trial: the replay of a journal alone takes so much.
    private static let least: UInt64 = 4 << 20
    private static let page: UInt64 = 4096

    /// - Parameters:
    ///   - members: their sizes in bytes.
    ///   - room: bytes that can be had there.
    package init(
        for members: [UInt64], in place: Place, room: UInt64
    ) throws(Refusal) {
        // Half of the memory stays for the checker; on a disk nine tenths may go.
        let usable = place == .memory ? room / 2 : room / 10 &* 9
        let whole: [UInt64] = members.map(Self.whole)
        let wanted = whole.reduce(UInt64(0)) { sum, size in
            let (total, overflows) = sum.addingReportingOverflow(size)
            return overflows ? .max : total
        }
        guard wanted > usable else {
            sizes = whole
            return
        }
        // Parts of the same size, for damage is not where the bytes are; what a small member leaves goes to the others.
        var left = usable
        var shares = whole
        let bySize = whole.indices.sorted { whole[$0] < whole[$1] }
        for (position, index) in bySize.enumerated() {
            let part = left / UInt64(bySize.count - position) / Self.page * Self.page
            shares[index] = min(whole[index], part)
            left -= shares[index]
        }
        guard shares.indices.allSatisfy({ shares[$0] >= min(Self.least, whole[$0]) }) else {
            throw .noRoom(place: place, bytes: room)
        }
        sizes = shares
    }

    /// A store that can take every block: each exception is 16 bytes, and the header has a block of its own.
    private static func whole(_ size: UInt64) -> UInt64 {
        let rounded = size > .max / 4 ? .max / 4 : size
        return (rounded + rounded / 128 + (1 << 20)) / page * page
    }
}
