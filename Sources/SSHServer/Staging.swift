import LinuxKit

/// Bytes on their way from one side to the other, in memory that is locked, and wiped as soon as they are gone:
/// passphrases pass through here.
struct Staging: ~Copyable {
    static let capacity = 32768

    private var buffer: SecretBytes
    private var offset = 0

    init() throws(SystemError) { buffer = try SecretBytes(capacity: Self.capacity) }

    var isEmpty: Bool { offset >= buffer.count }

    /// Fills the empty buffer, at most `limit` bytes of it.
    /// - Returns: what `body` returns.
    mutating func fill<Failure: Error>(
        limit: Int = Self.capacity,
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int?
    ) throws(Failure) -> Int? {
        guard isEmpty else { return 0 }
        return try buffer.fill { room throws(Failure) in
            try body(UnsafeMutableRawBufferPointer(rebasing: room.prefix(max(0, limit))))
        }
    }

    /// Lends what is left; `body` says how much of it is gone.
    mutating func drain<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        let start = offset
        let gone = try buffer.withBytes { bytes throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(start)))
        }
        offset += max(0, gone)
        if isEmpty { clear() }
    }

    mutating func clear() {
        if buffer.count > 0 { buffer.removeAll() }
        offset = 0
    }
}
