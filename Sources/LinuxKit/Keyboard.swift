/// Where a person types: the stream that the connection's process gives, or standard input.
package final class Keyboard {
    private var stream: KeyReader?

    package init() { stream = KeyReader() }

    /// To be polled for input before each `next`.
    package var number: Int32 {
        switch stream {
        case .some(let stream): stream.number
        case .none: 0
        }
    }

    /// Whether what is typed comes through the connection's own stream, and no pipe or terminal sees it.
    package var isPrivate: Bool { stream != nil }

    /// The next byte; waits for it where it comes from standard input and `number` was not polled.
    package func next() -> KeyReader.Next {
        if let next = stream?.next() { return next }
        return FileDescriptor.lend(0) { terminal in
            var byte: UInt8 = 0
            let count = withUnsafeMutableBytes(of: &byte) { buffer -> Int? in
                // A terminal that is gone is the end of what is typed, not an error.
                do throws(SystemError) { return try terminal.read(into: buffer) } catch { return 0 }
            }
            return count.map { $0 > 0 ? .byte(byte) : .end } ?? .nothing
        }
    }

    /// Lets what was not taken, and what is typed from now on, go to the terminal, for whatever is started next.
    package func release() {
        stream?.release()
        stream = nil
    }
}
