import Glibc

/// Bytes that wait for their reader, first in, first out: locked into memory as far as it is used, left out of core dumps and
/// of forked children, overwritten as they are taken.
package struct SecretQueue: ~Copyable {
    private let pages: SecretPages
    private var start = 0
    private var end = 0

    /// - Throws: when the kernel gives no memory. A limit on locked memory is no error: it is then not locked.
    package init(capacity: Int) throws(SystemError) {
        pages = try SecretPages(count: capacity, .whenUsed)
    }

    deinit { explicit_bzero(pages.base + start, end - start) }

    private var base: UnsafeMutableRawPointer { pages.base }

    /// The number of bytes that there is room for.
    package var capacity: Int { pages.count }

    /// The number of bytes that wait.
    package var count: Int { end - start }

    /// - Returns: `false`, with nothing changed, when there is no room for all of them.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= capacity - count else { return false }
        if bytes.count > capacity - end { moveToFront() }
        if let source = bytes.baseAddress {
            (base + end).copyMemory(from: source, byteCount: bytes.count)
        }
        end += bytes.count
        return true
    }

    /// Moves bytes to `room`, as many as wait and fit.
    /// - Returns: how many.
    package mutating func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        let taken = min(count, room.count)
        guard taken > 0, let target = room.baseAddress else { return 0 }
        target.copyMemory(from: base + start, byteCount: taken)
        explicit_bzero(base + start, taken)
        start += taken
        if start == end { (start, end) = (0, 0) }
        return taken
    }

    private mutating func moveToFront() {
        let waiting = count
        memmove(base, base + start, waiting)
        explicit_bzero(base + waiting, end - waiting)
        (start, end) = (0, waiting)
    }
}
