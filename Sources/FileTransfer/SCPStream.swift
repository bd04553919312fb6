import LinuxKit
import SCPCore

/// The two directions of scp's own protocol, and what went wrong so far.
struct SCPStream {
    /// The conversation cannot go on.
    enum Break: Error {
        /// The client went away, or has given up and said why.
        case ended
        case malformed(String)
        case system(SystemError)
    }

    /// Bytes that one read of standard input brings at most.
    private static let capacity = 256 << 10

    private var buffer = [UInt8](repeating: 0, count: capacity)
    private var unread = 0..<0
    /// How many files and directories were not carried over, or not whole.
    private(set) var failures = 0

    // MARK: From the client

    /// - Returns: `nil` at the end of the conversation.
    mutating func message() throws(Break) -> Message? {
        guard let line = try line() else { return nil }
        do throws(Message.Malformed) {
            return try Message(parsing: line)
        } catch {
            throw .malformed(error.description)
        }
    }

    /// Whether the client has taken what was sent to it. What it says against it was its own to tell.
    mutating func isAgreed() throws(Break) -> Bool {
        guard let byte = try byte() else { throw .ended }
        switch byte {
        case 0: return true
        case 1:
            _ = try line()
            failures += 1
            return false
        case 2: throw .ended
        default: throw .malformed("an answer of no known kind")
        }
    }

    /// What comes of `count` bytes of content; at least one, and no more than there are now.
    mutating func content(upTo count: UInt64) throws(Break) -> ArraySlice<UInt8> {
        guard try fill() else { throw .ended }
        let taken = unread.prefix(Int(clamping: count))
        unread = taken.upperBound..<unread.upperBound
        return buffer[taken]
    }

    private mutating func line() throws(Break) -> [UInt8]? {
        var line: [UInt8] = []
        while let byte = try byte() {
            if byte == UInt8(ascii: "\n") { return line }
            guard line.count < Message.longestLine else { throw .malformed("a line without end") }
            line.append(byte)
        }
        guard line.isEmpty else { throw .ended }
        return nil
    }

    private mutating func byte() throws(Break) -> UInt8? {
        guard try fill() else { return nil }
        defer { unread = unread.lowerBound + 1..<unread.upperBound }
        return buffer[unread.lowerBound]
    }

    /// - Returns: `false` at the end.
    private mutating func fill() throws(Break) -> Bool {
        guard unread.isEmpty else { return true }
        do throws(SystemError) {
            unread = 0..<(try StandardStreams.read(into: &buffer, 0..<buffer.count))
        } catch {
            throw .system(error)
        }
        return !unread.isEmpty
    }

    /// The client said so, or there is no way to tell it.
    mutating func noteFailure() { failures += 1 }

    // MARK: To the client

    mutating func agree() throws(Break) { try send([0]) }

    /// Something is left out; the client shows the words, and the rest goes on.
    mutating func warn(_ words: String) throws(Break) {
        failures += 1
        try send(Message.warning(Array("scp: \(words)".utf8)).bytes[...])
    }

    mutating func warn(_ error: SystemError) throws(Break) {
        try warn("\(error.object): \(error.reason)")
    }

    mutating func send(_ bytes: ArraySlice<UInt8>) throws(Break) {
        do throws(SystemError) {
            try StandardStreams.write(bytes)
        } catch {
            throw .system(error)
        }
    }

    mutating func send(_ message: Message) throws(Break) { try send(message.bytes[...]) }
}
