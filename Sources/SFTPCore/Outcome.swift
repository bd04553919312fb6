/// How an operation went.
package enum Outcome: Sendable, Equatable {
    case done
    case failed(Status)
    case attributes(Attributes)
    case entries([Entry])
    /// The absolute path that was asked for, or where a link points.
    case path(PathBytes)
    case fileSystem(FileSystemStatus)
    /// That many bytes, which the driver sends itself after `Reply.dataHeader`.
    case data(Int)
}

/// One name in a directory.
package struct Entry: Sendable, Equatable {
    package let name: [UInt8]
    /// The line of `ls -l` for it.
    package let line: [UInt8]
    package let attributes: Attributes

    package init(name: [UInt8], line: [UInt8], attributes: Attributes) {
        self.name = name
        self.line = line
        self.attributes = attributes
    }
}

/// How full a file system is, in the order of the reply. Source: OpenSSH PROTOCOL §4.4.
package struct FileSystemStatus: Sendable, Equatable {
    package var blockSize, fragmentSize, blocks, free, available: UInt64
    package var files, freeFiles, availableFiles, identity: UInt64
    package var isReadOnly, ignoresSetUser: Bool
    package var longestName: UInt64

    package init(
        blockSize: UInt64, fragmentSize: UInt64, blocks: UInt64, free: UInt64, available: UInt64,
        files: UInt64, freeFiles: UInt64, availableFiles: UInt64, identity: UInt64,
        isReadOnly: Bool, ignoresSetUser: Bool, longestName: UInt64
    ) {
        self.blockSize = blockSize
        self.fragmentSize = fragmentSize
        self.blocks = blocks
        self.free = free
        self.available = available
        self.files = files
        self.freeFiles = freeFiles
        self.availableFiles = availableFiles
        self.identity = identity
        self.isReadOnly = isReadOnly
        self.ignoresSetUser = ignoresSetUser
        self.longestName = longestName
    }
}
