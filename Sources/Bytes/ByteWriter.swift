/// Builds a byte array from integers in network byte order and byte runs.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package mutating func append(_ value: UInt8) { bytes.append(value) }

    package mutating func append(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    package mutating func append(_ value: UInt32) {
        append(UInt16(truncatingIfNeeded: value >> 16))
        append(UInt16(truncatingIfNeeded: value))
    }

    package mutating func append(_ run: some Sequence<UInt8>) { bytes.append(contentsOf: run) }

    /// Appends `count` bytes of value zero; none when `count` is negative.
    package mutating func appendZeros(_ count: Int) {
        guard count > 0 else { return }
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    /// Appends zeros until `count` bytes stand there; does nothing when there are as many already.
    package mutating func pad(to count: Int) { appendZeros(count - bytes.count) }
}
