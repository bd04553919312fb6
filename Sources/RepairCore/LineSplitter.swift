/// Cuts what a checker writes into lines: ended by a line feed, or by the carriage return of a terminal form.
package struct LineSplitter: Sendable {
    /// Longer lines are cut here: a checker that prints binary must not fill the memory.
    package static let longest = 4096

    private var line: [UInt8] = []

    package init() { line.reserveCapacity(256) }

    /// Takes bytes in pieces of any size and hands each line to `body` once it is whole; empty lines are passed over.
    package mutating func take(_ bytes: some Sequence<UInt8>, _ body: (Line) -> Void) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                finish(body)
            } else {
                line.append(byte)
                if line.count == Self.longest { finish(body) }
            }
        }
    }

    /// The line that has begun and not ended: a checker says there which pass it is in.
    package var unfinished: Line { Line(line[...]) }

    /// Hands out the unfinished line, at the end of the output.
    package mutating func finish(_ body: (Line) -> Void) {
        guard !line.isEmpty else { return }
        body(Line(line[...]))
        line.removeAll(keepingCapacity: true)
    }
}
