/// What waits for replay in a log whose records have the numbers of a turn and of a block, as that of XFS.
package struct LogRange: Equatable, Sendable {
    /// Why the kernel will not replay it.
    package enum Obstacle: Equatable, Sendable {
        case byteOrder
        case owner

        package var words: String {
            switch self {
            case .byteOrder:
                "it was written by a machine with the other order of bytes, and only such a one can replay it"
            case .owner: "its records carry the UUID of another file system"
            }
        }
    }

    /// The first record and the last, each with the cycle in the upper half and the block in the lower.
    package let first, last: UInt64
    /// Of 512 bytes, from the first record to the end of the last.
    package let blocks: UInt64
    /// `nil` where they do not follow one another, as a replay needs them.
    package let records: UInt64?
    package var obstacle: Obstacle?

    package init(first: UInt64, last: UInt64, blocks: UInt64, records: UInt64?) {
        self.first = first
        self.last = last
        self.blocks = blocks
        self.records = records
    }

    /// `12:34-12:90`, each cycle and block.
    package static func words(_ first: UInt64, _ last: UInt64) -> String {
        "\(place(first))-\(place(last))"
    }

    package var words: String {
        let counted =
            switch records {
            case 1?: "in 1 record"
            case let records?: "in \(records) records"
            case nil: "whose records do not follow one another"
            }
        let why = obstacle.map { "; \($0.words)" } ?? ""
        return
            "log dirty from \(Self.place(first)) to \(Self.place(last)) (cycle:block), \(blocks) blocks \(counted)\(why)"
    }

    private static func place(_ number: UInt64) -> String {
        "\(number >> 32):\(number & 0xFFFF_FFFF)"
    }
}
