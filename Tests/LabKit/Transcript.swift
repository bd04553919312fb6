import Dispatch
import Foundation
import Synchronization

/// What a program or a serial line said, byte for byte, and when it said it.
package final class Transcript: Sendable {
    package struct Contents: Sendable {
        package fileprivate(set) var bytes: [UInt8] = []
        fileprivate var arrivals: [(offset: Int, time: ContinuousClock.Instant)] = []
        package fileprivate(set) var isClosed = false
    }

    /// A place in a transcript, and when the text before it arrived.
    package struct Mark: Sendable, Comparable {
        package let offset: Int
        package let time: ContinuousClock.Instant

        package static func < (left: Mark, right: Mark) -> Bool { left.offset < right.offset }
    }

    private enum Sight: Sendable { case text(Mark), end }

    package let name: String
    private let contents = Observed(Contents())
    private let onLine: (@Sendable (String, ContinuousClock.Instant) -> Void)?
    private let line = Mutex<[UInt8]>([])
    private let closed = DispatchSemaphore(value: 0)

    /// - Parameter onLine: called on the reading thread for each line, without control sequences.
    package init(
        _ name: String,
        onLine: (@Sendable (_ line: String, _ time: ContinuousClock.Instant) -> Void)? = nil
    ) {
        self.name = name
        self.onLine = onLine
    }

    package var text: String { contents.read { plainText($0.bytes[...]) } }
    package var bytes: [UInt8] { contents.read(\.bytes) }
    package var end: Mark { contents.read { Mark(offset: $0.bytes.count, time: .now) } }

    func append(_ bytes: some Collection<UInt8>) {
        let now = ContinuousClock.now
        contents.update {
            $0.arrivals.append(($0.bytes.count, now))
            $0.bytes.append(contentsOf: bytes)
        }
        guard let onLine else { return }
        let lines = line.withLock { line in
            line.append(contentsOf: bytes)
            var parts = line.split(separator: 10, omittingEmptySubsequences: false)
            line = parts.popLast().map(Array.init) ?? []
            return parts.map { plainText($0) }
        }
        for line in lines { onLine(line, now) }
    }

    func close() {
        contents.update { $0.isClosed = true }
        closed.signal()
    }

    /// Blocks the calling thread until the transcript is complete.
    func awaitClose() {
        closed.wait()
        closed.signal()
    }

    /// The last lines, for an error message.
    package func tail(_ lines: Int = 15) -> String {
        text.split(separator: "\n").suffix(lines).map { "    \($0)" }.joined(separator: "\n")
    }

    /// Waits for `text` after `mark`, and gives the place behind it.
    /// - Throws: `.timedOut` with the end of the transcript, also when it ends without `text`.
    @discardableResult
    package func expect(
        _ text: String, after mark: Mark? = nil, within limit: Duration
    ) async throws -> Mark {
        let start = ContinuousClock.now
        let pattern = Array(text.utf8)
        // What was searched is not searched again: some guests say megabytes, in thousands of pieces.
        var from = mark?.offset ?? 0
        let found = try await contents.first(before: start + limit) { contents in
            if let range = firstRange(of: pattern, in: contents.bytes, from: from) {
                return Sight.text(Mark(offset: range.upperBound, time: contents.time(range)))
            }
            from = max(from, contents.bytes.count - pattern.count + 1)
            return contents.isClosed ? .end : nil
        }
        if case .text(let mark) = found { return mark }
        throw LabError.timedOut(
            waitingFor: "\"\(text)\" from \(name)\(found == nil ? "" : ", which ended")",
            seconds: (ContinuousClock.now - start).seconds, seen: tail())
    }

    /// The text between two marks, without control sequences.
    package func text(from start: Mark, to end: Mark) -> String {
        contents.read { plainText($0.bytes[start.offset..<end.offset]) }
    }

    func bytes(from start: Mark, to end: Mark) -> [UInt8] {
        contents.read { Array($0.bytes[start.offset..<end.offset]) }
    }
}

extension Transcript.Contents {
    /// When the last byte of `range` arrived.
    fileprivate func time(_ range: Range<Int>) -> ContinuousClock.Instant {
        arrivals.last { $0.offset < range.upperBound }?.time ?? .now
    }
}

/// Where `pattern` is first, at or behind the offset `from`: by the C library, which is fast in a debug build too.
func firstRange(of pattern: [UInt8], in bytes: [UInt8], from: Int = 0) -> Range<Int>? {
    guard let first = pattern.first else { return from..<from }
    return bytes.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return nil }
        let last = bytes.count - pattern.count
        var at = from
        while at <= last, let found = memchr(base + at, Int32(first), last - at + 1) {
            at = UnsafeRawPointer(found) - base
            if memcmp(base + at, pattern, pattern.count) == 0 { return at..<(at + pattern.count) }
            at += 1
        }
        return nil
    }
}

/// Terminal output as text: no carriage returns, no escape sequences, nothing unprintable.
func plainText(_ bytes: ArraySlice<UInt8>) -> String {
    var plain: [UInt8] = []
    plain.reserveCapacity(bytes.count)
    var rest = bytes
    while let byte = rest.popFirst() {
        if byte == 0x1B {
            guard rest.first == UInt8(ascii: "[") else { continue }
            rest.removeFirst()
            while let part = rest.popFirst(), !(0x40...0x7E).contains(part) {}
        } else if byte == 0x0A || byte == 0x09 || byte >= 0x20 {
            plain.append(byte)
        }
    }
    return String(decoding: plain, as: UTF8.self)
}
