import CLinux
import Glibc
import LinuxKit

/// A copy of the ring as it is this moment, for who reads it.
///
/// A copy, and no mapping: nothing that happens to the file can end the reader, and what a writer was changing meanwhile does
/// not have its checksum.
package struct Recording: Sendable {
    private let bytes: [UInt8]

    /// - Throws: `.otherVersion`, `.damaged`; `.unreachable` when there is none.
    package init(of directory: String = Roots.run) throws(RecorderError) {
        let path = Ring.path(in: directory)
        let limit = 1 << 24
        do throws(SystemError) {
            bytes = try Files.read(path, limit: limit)
        } catch {
            throw .unreachable(error)
        }
        try check(path)
    }

    /// All that is kept, one line an entry, oldest first; `nil` when there is nothing that can be read.
    package static func text(of directory: String = Roots.run) -> String? {
        guard let recording = try? Recording(of: directory) else { return nil }
        return recording.entries.map { "\($0)\n" }.joined()
    }

    /// A ring that is in memory already.
    init(_ bytes: [UInt8]) throws(RecorderError) {
        self.bytes = bytes
        try check("The memory")
    }

    /// The numbers of the slots that may be kept, oldest first.
    package var kept: Range<UInt64> {
        withRing { ring in
            let next = davit_ring_next(ring)
            // A damaged header may say anything.
            let count = UInt64(ring.slots)
            return next > UInt64.max / 2 ? 0..<0 : (next > count ? next - count : 0)..<next
        } ?? 0..<0
    }

    /// The entries that begin in these slots, oldest first; torn and overwritten ones are passed over.
    package func entries(in slots: Range<UInt64>) -> [Entry] {
        withRing { ring in
            var entries: [Entry] = []
            var read = davit_entry()
            var text = [CChar](repeating: 0, count: Int(davit_longest_text))
            var ticket = slots.lowerBound
            while ticket < slots.upperBound {
                let parts = davit_ring_read(ring, ticket, &read, &text)
                if parts > 0, let entry = text.withUnsafeBytes({ Entry(read, $0) }) {
                    entries.append(entry)
                }
                ticket += UInt64(max(1, parts))
            }
            return entries
        } ?? []
    }

    /// All that is kept, oldest first.
    package var entries: [Entry] { entries(in: kept) }

    private func check(_ path: String) throws(RecorderError) {
        var version: UInt32 = 0
        guard withRing(&version, { _ in }) != nil else {
            throw RecorderError(path, version: version)
        }
    }

    private func withRing<Result>(_ body: (davit_ring) -> Result) -> Result? {
        var version: UInt32 = 0
        return withRing(&version, body)
    }

    private func withRing<Result>(
        _ version: inout UInt32, _ body: (davit_ring) -> Result
    ) -> Result? {
        bytes.withUnsafeBytes { memory in
            guard let base = memory.baseAddress else { return nil }
            // Reading changes nothing.
            let ring = davit_ring_adopt(
                UnsafeMutableRawPointer(mutating: base), memory.count, &version)
            return ring.slots > 0 ? body(ring) : nil
        }
    }
}
