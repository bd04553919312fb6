import Glibc

/// A buffer for a passphrase or key: locked into memory, left out of core dumps and of forked children, wiped at the end.
package struct SecretBytes: ~Copyable {
    private let pages: SecretPages
    /// The number of bytes that are in use.
    package private(set) var count = 0

    /// Makes an empty buffer.
    /// - Throws: when the kernel gives no memory. A limit on locked memory is no error: the buffer is then not locked.
    package init(capacity: Int) throws(SystemError) {
        pages = try SecretPages(count: capacity, .atOnce)
    }

    deinit { explicit_bzero(pages.base, pages.count) }

    private var base: UnsafeMutableRawPointer { pages.base }

    /// The number of bytes that there is room for.
    package var capacity: Int { pages.count }

    /// The bytes in use; the pointer must not outlive the call.
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Appends one byte; `false`, with nothing changed, when the buffer is full.
    package mutating func append(_ byte: UInt8) -> Bool {
        guard count < capacity else { return false }
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
        return true
    }

    /// Takes back and wipes the last byte, if there is one.
    package mutating func removeLast() {
        guard count > 0 else { return }
        count -= 1
        base.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
    }

    /// Wipes everything.
    package mutating func removeAll() {
        explicit_bzero(base, capacity)
        count = 0
    }

    /// The last byte in use.
    package var last: UInt8? {
        count > 0 ? base.load(fromByteOffset: count - 1, as: UInt8.self) : nil
    }

    /// Lets `body` fill the room that is left, and counts what it says it has written.
    package mutating func fill<Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int?
    ) throws(Failure) -> Int? {
        let room = UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
        guard let written = try body(room) else { return nil }
        count += min(max(0, written), room.count)
        return written
    }
}
