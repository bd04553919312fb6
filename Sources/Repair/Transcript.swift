import LinuxKit

/// Everything that a checker writes, kept within bounds: the beginning in a file, and of what follows the end.
struct Transcript: ~Copyable {
    /// Bytes of the beginning; /run is memory.
    static let headLimit = 4 << 20
    /// Bytes of the end.
    static let tailLimit = 256 << 10

    private let file: FileDescriptor
    /// Lower than `headLimit` once there was no room for more.
    private var limit = headLimit
    private var written = 0
    private var tail: [UInt8] = []
    /// Bytes that are in neither.
    private(set) var leftOut = 0

    init(at path: String) throws(SystemError) {
        file = try FileDescriptor(emptying: path, mode: 0o600)
    }

    mutating func append(_ bytes: [UInt8]) {
        let head = bytes.prefix(max(0, limit - written))
        if !head.isEmpty {
            do throws(SystemError) {
                try file.write(head, at: UInt64(written))
                written += head.count
            } catch {
                leftOut += head.count
                makeRoom()
            }
        }
        tail += bytes.dropFirst(head.count)
        // Cut seldom: removing from the front moves all that is left.
        if tail.count > 2 * Self.tailLimit {
            leftOut += tail.count - Self.tailLimit
            tail.removeFirst(tail.count - Self.tailLimit)
        }
    }

    /// Gives back a quarter: without any room the record of the attempt could not be written either.
    private mutating func makeRoom() {
        let kept = written / 4 * 3
        leftOut += written - kept
        written = kept
        limit = kept
        try? file.truncate(to: UInt64(kept))
    }

    /// Writes the end as it is now behind the beginning, with a line that says what is missing between them; what comes
    /// later replaces it.
    /// - Returns: whether there was room.
    @discardableResult
    mutating func writeEnd() -> Bool {
        let note = leftOut > 0 ? "\n[davit: \(leftOut) bytes are left out here]\n" : ""
        let last = Array(note.utf8) + tail
        guard !last.isEmpty else { return true }
        let isWritten = (try? file.write(last[...], at: UInt64(written))) != nil
        try? file.truncate(to: UInt64(written + (isWritten ? last.count : 0)))
        return isWritten
    }

    /// Writes the end for good.
    mutating func close() {
        if !writeEnd() { leftOut += tail.count }
        tail = []
    }
}
