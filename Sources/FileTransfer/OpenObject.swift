import LinuxKit

/// What a client has open: a class, because an array cannot hold what is not copyable.
final class OpenObject {
    private let file: FileDescriptor?
    private let directory: DirectoryReader?
    let path: [UInt8]
    /// Whether its person was told of the disk's trouble with it; once is enough.
    var hasComplained = false

    init(_ file: consuming FileDescriptor, _ path: [UInt8]) {
        self.file = consume file
        directory = nil
        self.path = path
    }

    init(_ directory: consuming DirectoryReader, _ path: [UInt8]) {
        self.directory = consume directory
        file = nil
        self.path = path
    }

    /// The next name of a directory and what is known of it, which may be nothing when it is gone by now.
    func next() throws(SystemError) -> (name: [UInt8], status: FileCalls.Status?)? {
        switch directory {
        case .some(let directory):
            guard let name = try directory.next() else { return nil }
            return (name, directory.status(of: name))
        case .none: return nil
        }
    }

    /// Lends the descriptor, of a directory too.
    func withDescriptor<Result>(
        _ body: (borrowing FileDescriptor) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let ofDirectory =
            switch directory {
            case .some(let directory): directory.number
            case .none: Int32(-1)
            }
        return try FileDescriptor.lend(max(file.number, ofDirectory), body)
    }
}
