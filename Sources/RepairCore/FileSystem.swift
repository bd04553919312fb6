/// What the superblock of one device says about the file system there, or about its part of one.
package struct FileSystem: Equatable, Sendable {
    /// How the file system was left.
    package enum State: Equatable, Sendable {
        /// Closed in order.
        case clean
        /// Not closed in order; a replay of its journal is expected to be enough.
        case unclean
        /// It has recorded about itself that something is wrong.
        case damaged
        /// The format keeps no such mark.
        case unknown

        package var words: String {
            switch self {
            case .clean: "clean"
            case .unclean: "not closed in order"
            case .damaged: "marked as damaged"
            case .unknown: "has no mark of being clean or not"
            }
        }
    }

    /// The state of the journal or log.
    package enum Journal: Equatable, Sendable {
        case none
        case empty
        /// Entries wait for replay; their sequence numbers where they are known.
        case needsReplay(first: UInt64?, last: UInt64?)
        case logNeedsReplay(LogRange)
        /// On a device of its own, which the superblock does not name.
        case elsewhere
        case unknown

        package var words: String {
            switch self {
            case .none: "no journal"
            case .empty: "journal empty"
            case .needsReplay(let first?, let last?):
                "journal to be replayed, entries \(first)-\(last)"
            case .needsReplay(let first?, nil): "journal to be replayed, from entry \(first)"
            case .needsReplay: "journal to be replayed"
            case .logNeedsReplay(let range): "journal to be replayed, \(range.words)"
            case .elsewhere: "journal on another device"
            case .unknown: "journal not readable"
            }
        }

        package var isToBeReplayed: Bool {
            switch self {
            case .needsReplay, .logNeedsReplay: true
            case .none, .empty, .elsewhere, .unknown: false
            }
        }
    }

    /// One place among the members of a file system over several devices.
    package struct Slot: Equatable, Sendable {
        package let index: Int
        /// Empty where the superblock does not name the others.
        package let uuid: String
    }

    /// Where a copy of the superblock was found, the first one being lost.
    package struct Copy: Equatable, Sendable {
        package let block: UInt64
        package let blockSize: UInt64
    }

    /// The backend's name, such as `ext`.
    package let backend: String
    /// The format as people name it, such as `ext4`.
    package let type: String
    package var uuid = ""
    package var label = ""
    package var version = ""
    /// In bytes.
    package var size: UInt64 = 0
    package var state = State.unknown
    package var journal = Journal.none
    /// The number of the last committed state, where the format has one: journal sequence, generation, checkpoint.
    package var sequence: UInt64?
    /// Errors that the file system has written down about itself.
    package var recordedErrors: UInt64 = 0
    /// Seconds since 1970, by the clock of whoever wrote it.
    package var lastErrorAt: UInt64?
    package var lastMountedAt: UInt64?
    package var lastMountPoint: String?
    /// This device's place among the members.
    package var memberIndex: Int?
    /// All members, this one too; empty for a file system on one device.
    package var slots: [Slot] = []
    /// The superblock's own checksum fits; `nil` where it has none that is known.
    package var checksumFits: Bool?
    package var copy: Copy?
    /// Allocation groups, which decide how XFS reports progress.
    package var groups: UInt64 = 0

    package init(backend: String, type: String) {
        self.backend = backend
        self.type = type
    }

    /// How many devices it needs when all are there.
    package var memberCount: Int { max(1, slots.count) }
}
