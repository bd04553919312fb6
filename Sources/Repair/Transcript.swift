import LinuxKit

/// Everything that a checker writes, kept within bounds: the beginning in a file, and of what follows the end.
struct Transcript: ~Copyable {
    /// Bytes of the beginning; /run is memory.
    static let headLimit = 4 << 20
    /// Bytes of the end.
    static let tailLimit = 256 << 10

    private let file: FileDescriptor
    private var written = 0
    private var tail: [UInt8] = []
    /// Bytes that are in neither.
    private(set) var leftOut = 0

    init(at path: String) throws(SystemError) {
        file = try FileDescriptor(emptying: path, mode: 0o600)
    }

    mutating func append(_ bytes: [UInt8]) {
        let room = max(0, Self.headLimit - written)
        if room > 0 { try? file.write(Array(bytes.prefix(room))) }
        written += min(room, bytes.count)
        tail += bytes.dropFirst(room)
        // Cut seldom: removing from the front moves all that is left.
        if tail.count > 2 * Self.tailLimit {
            leftOut += tail.count - Self.tailLimit
            tail.removeFirst(tail.count - Self.tailLimit)
        }
    }

    /// Writes the end, with a line that says what is missing before it.
    mutating func close() {
        guard !tail.isEmpty else { return }
        if leftOut > 0 { try? file.write("\n[davit: \(leftOut) bytes are left out here]\n") }
        try? file.write(tail)
        tail = []
    }
}
