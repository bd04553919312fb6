/// A path in the kernel's own terms: bytes in no particular encoding, without NUL, never empty.
package typealias PathBytes = [UInt8]

/// What a client wants done, after its handles were checked. A slot is the driver's name for an open file or directory.
package enum Operation: Sendable, Equatable {
    case open(slot: Int, PathBytes, OpenFlags, permissions: UInt32?)
    case openDirectory(slot: Int, PathBytes)
    case close(slot: Int)
    case read(slot: Int, offset: UInt64, count: Int)
    /// The bytes are a part of the packet that was received.
    case write(slot: Int, offset: UInt64, ArraySlice<UInt8>)
    case readDirectory(slot: Int)
    case look(PathBytes, followingLinks: Bool)
    case lookAtOpen(slot: Int)
    case change(PathBytes, Attributes, followingLinks: Bool)
    case changeOpen(slot: Int, Attributes)
    case remove(PathBytes)
    case makeDirectory(PathBytes, permissions: UInt32?)
    case removeDirectory(PathBytes)
    case resolve(PathBytes)
    /// The same, after a `~` in front stands for the home directory.
    case expand(PathBytes)
    case home(user: [UInt8])
    case rename(PathBytes, to: PathBytes, replacing: Bool)
    case readLink(PathBytes)
    case makeLink(PathBytes, target: PathBytes)
    case makeHardLink(PathBytes, of: PathBytes)
    case sync(slot: Int)
    case fileSystem(PathBytes)
    case fileSystemOfOpen(slot: Int)
    /// `count` 0 stands for everything up to the end.
    case copy(from: Int, offset: UInt64, count: UInt64, to: Int, at: UInt64)

    /// Whether it leaves everything on the disk as it is.
    var isReading: Bool {
        switch self {
        case .open(_, _, let flags, _): flags.isReading
        case .openDirectory, .close, .read, .readDirectory, .look, .lookAtOpen, .resolve, .expand,
            .home, .readLink, .fileSystem, .fileSystemOfOpen:
            true
        case .write, .change, .changeOpen, .remove, .makeDirectory, .removeDirectory, .rename,
            .makeLink, .makeHardLink, .sync, .copy:
            false
        }
    }
}

/// How a file is to be opened. Source: draft-ietf-secsh-filexfer-02 §6.3.
package struct OpenFlags: OptionSet, Sendable, Equatable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let read = OpenFlags(rawValue: 1)
    package static let write = OpenFlags(rawValue: 2)
    package static let append = OpenFlags(rawValue: 4)
    package static let create = OpenFlags(rawValue: 8)
    package static let truncate = OpenFlags(rawValue: 16)
    package static let exclusive = OpenFlags(rawValue: 32)

    fileprivate var isReading: Bool { isDisjoint(with: [.write, .append, .create, .truncate]) }
}
