/// Reads integers and byte runs from the front of a byte slice and never past its end.
package struct ByteReader: Sendable {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }
    package init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The number of bytes not read yet.
    package var remaining: Int { rest.count }

    /// The next byte, or `nil` at the end.
    package mutating func byte() -> UInt8? { rest.popFirst() }

    /// The next two bytes as one number in network byte order.
    package mutating func uint16() -> UInt16? {
        bytes(2).map { run in run.reduce(0) { $0 << 8 | UInt16($1) } }
    }

    /// The next four bytes as one number in network byte order.
    package mutating func uint32() -> UInt32? {
        bytes(4).map { run in run.reduce(0) { $0 << 8 | UInt32($1) } }
    }

    /// The next `count` bytes, or `nil`, with nothing read, when fewer are left.
    package mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// Everything that is left.
    package mutating func remainder() -> ArraySlice<UInt8> {
        defer { rest = rest.suffix(0) }
        return rest
    }
}
