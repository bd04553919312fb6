import CLab
import Foundation

/// A guest's whole memory at one moment, as QEMU writes it: a core file with a segment for each piece of memory.
/// Source: QEMU docs/interop/qmp, dump-guest-memory; the System V ABI's program headers.
package final class MemoryImage {
    private let bytes: UnsafeRawBufferPointer
    private let segments: [Segment]

    private struct Segment {
        let offset, address, size: Int
    }

    /// A place where a secret, or a piece of it, was found.
    package struct Copy: Hashable, Sendable {
        /// Where it begins, or would begin, in the machine's memory.
        package let address: Int
        /// Whether all of it is there.
        package let isWhole: Bool
    }

    /// Of a freed piece of memory the allocator overwrites some bytes: parts are looked for as well.
    private static let piece = 12

    /// Maps the file and removes its name.
    init(path: String) throws {
        defer { unlink(path) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw LabError.system(call: "open", object: path, errno: errno) }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        guard size > 64, let mapped = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0),
            mapped != MAP_FAILED
        else { throw LabError.system(call: "mmap", object: path, errno: errno) }
        let bytes = UnsafeRawBufferPointer(start: mapped, count: size)
        self.bytes = bytes
        func word(_ at: Int, _ width: Int) -> Int {
            (0..<width).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
        }
        // e_phoff, e_phentsize, e_phnum; then p_type, p_offset, p_paddr, p_filesz of each PT_LOAD.
        let (table, width, count) = (word(0x20, 8), word(0x36, 2), word(0x38, 2))
        segments = (0..<count).map { table + $0 * width }
            .filter { word($0, 4) == 1 }
            .map {
                Segment(
                    offset: word($0 + 0x08, 8), address: word($0 + 0x18, 8),
                    size: word($0 + 0x20, 8))
            }
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

    /// All copies of `secret`, and all places with at least twelve bytes of it in a row.
    package func copies(of secret: String) -> [Copy] {
        let whole = Array(secret.utf8)
        let starts = Set(positions(of: whole))
        var parts: Set<Int> = []
        for offset in stride(from: 0, through: whole.count - Self.piece, by: Self.piece / 2) {
            for position in positions(of: Array(whole[offset..<(offset + Self.piece)])) {
                parts.insert(position - offset)
            }
        }
        return parts.union(starts).sorted().compactMap { start in
            address(of: start).map { Copy(address: $0, isWhole: starts.contains(start)) }
        }
    }

    private func positions(of pattern: [UInt8]) -> [Int] {
        guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return [] }
        var found: [Int] = []
        var from = 0
        while true {
            let position = lab_find(base, bytes.count, from, pattern, pattern.count)
            guard position >= 0 else { return found }
            found.append(position)
            from = position + 1
        }
    }

    private func address(of position: Int) -> Int? {
        segments.first { $0.offset <= position && position < $0.offset + $0.size }
            .map { $0.address + position - $0.offset }
    }
}

extension Guest {
    /// What the kernel says now of the pages in which copies were found, one word each: free, slab, anonymous, …
    /// Source: Documentation/admin-guide/mm/pagemap.rst, /proc/kpageflags.
    package func kinds(of copies: [MemoryImage.Copy]) async throws -> [String] {
        var kinds: [String] = []
        for copy in copies.prefix(40) {
            let answer = try await shell.run(
                "dd if=/proc/kpageflags bs=8 skip=\(copy.address / 4096) count=1 2>/dev/null | od -An -tx8"
            )
            let text = answer.text.trimmingCharacters(in: .whitespacesAndNewlines)
            kinds.append(UInt64(text, radix: 16).map(pageKind) ?? "unknown")
        }
        return kinds
    }
}

private func pageKind(_ flags: UInt64) -> String {
    let kinds: [(bit: UInt64, name: String)] = [
        (10, "free"), (7, "slab"), (26, "page table"), (12, "anonymous"), (14, "swap-backed file"),
        (11, "mapped file"), (5, "file"),
    ]
    let kind = kinds.first(where: { flags >> $0.bit & 1 == 1 }).map(\.name) ?? "kernel"
    return "\(kind) (\(String(flags, radix: 16)))"
}
