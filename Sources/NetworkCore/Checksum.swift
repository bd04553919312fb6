/// The Internet checksum: the ones' complement of the ones' complement sum of 16-bit words. Source: RFC 1071.
package struct Checksum: Sendable {
    private var sum: UInt32 = 0

    package init() {}

    /// Adds bytes; an odd last one counts as if a zero followed, so only the last run may be odd.
    package mutating func add(_ bytes: some Sequence<UInt8>) {
        var high = true
        for byte in bytes {
            sum &+= high ? UInt32(byte) << 8 : UInt32(byte)
            // Folded at once, so that no length overflows.
            sum = (sum & 0xFFFF) &+ (sum >> 16)
            high.toggle()
        }
    }

    package mutating func add(_ word: UInt16) {
        sum &+= UInt32(word)
        sum = (sum & 0xFFFF) &+ (sum >> 16)
    }

    /// The value for the header's field; 0 over data that carries a right checksum.
    package var value: UInt16 { ~UInt16(truncatingIfNeeded: sum) }
}
