/// The last of what a terminal has shown, for who comes to look at it later.
package struct Scrollback: Sendable {
    /// Some screens full; what one shell may hold of memory is twice that.
    package static let capacity = 32768

    private var stored: [UInt8] = []

    package init() {}

    package mutating func append(_ shown: [UInt8]) {
        stored += shown
        // Seldom, so that not every byte moves all the others.
        if stored.count > 2 * Self.capacity { stored.removeFirst(stored.count - Self.capacity) }
    }

    /// At most `capacity` bytes; from the beginning of a line on where earlier ones are lost.
    package var content: ArraySlice<UInt8> {
        guard stored.count > Self.capacity else { return stored[...] }
        let last = stored.suffix(Self.capacity)
        guard let end = last.firstIndex(of: UInt8(ascii: "\n")) else { return last }
        return last[(end + 1)...]
    }
}
