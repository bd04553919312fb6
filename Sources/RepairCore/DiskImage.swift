/// A device or image file, read at places; whoever makes it does the reading.
package struct DiskImage {
    /// In bytes.
    package let size: UInt64
    private let bytes: (_ offset: UInt64, _ count: Int) -> [UInt8]?

    /// `bytes` gives `nil` for what cannot be read or lies beyond the end.
    package init(size: UInt64, _ bytes: @escaping (_ offset: UInt64, _ count: Int) -> [UInt8]?) {
        self.size = size
        self.bytes = bytes
    }

    /// An image that is in memory.
    package init(_ content: [UInt8]) {
        self.init(size: UInt64(content.count)) { offset, count in
            guard offset <= UInt64(content.count), count <= content.count - Int(offset) else {
                return nil
            }
            return Array(content[Int(offset)..<(Int(offset) + count)])
        }
    }

    /// Structures on disk are small: nobody asks for more than this at once.
    private static let most = 8 << 20

    /// `count` bytes from `offset` on, or `nil` when they are not all there.
    package func read(_ offset: UInt64, _ count: Int) -> DiskBytes? {
        guard count > 0, count <= Self.most, offset <= size, UInt64(count) <= size - offset else {
            return nil
        }
        return bytes(offset, count).flatMap { $0.count == count ? DiskBytes($0) : nil }
    }
}

/// A structure read from a disk; fields beyond its end read as zero.
package struct DiskBytes: Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var count: Int { bytes.count }

    package func u8(_ at: Int) -> UInt8 { at >= 0 && at < bytes.count ? bytes[at] : 0 }
    package func le16(_ at: Int) -> UInt16 { UInt16(u8(at)) | UInt16(u8(at &+ 1)) << 8 }
    package func le32(_ at: Int) -> UInt32 { UInt32(le16(at)) | UInt32(le16(at &+ 2)) << 16 }
    package func le64(_ at: Int) -> UInt64 { UInt64(le32(at)) | UInt64(le32(at &+ 4)) << 32 }
    package func be16(_ at: Int) -> UInt16 { le16(at).byteSwapped }
    package func be32(_ at: Int) -> UInt32 { le32(at).byteSwapped }
    package func be64(_ at: Int) -> UInt64 { le64(at).byteSwapped }

    package func holds(_ text: StaticString, at offset: Int) -> Bool {
        text.withUTF8Buffer { word in
            word.indices.allSatisfy { u8(offset &+ $0) == word[$0] }
        }
    }

    /// Text of at most `count` bytes, ended by a zero; control characters shown as `?`.
    package func text(_ at: Int, _ count: Int) -> String {
        let field = (0..<max(0, count)).map { u8(at &+ $0) }.prefix { $0 != 0 }
        return Line(ArraySlice(field)).trimmed.text
    }

    /// A UUID in its usual form.
    package func uuid(_ at: Int) -> String {
        (0..<16).map { index in
            let digits = String(u8(at &+ index), radix: 16)
            let dash = [4, 6, 8, 10].contains(index) ? "-" : ""
            return dash + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }

    /// CRC-32C of `range`, begun with `seed` and not inverted at the end; bytes of `zeroed` count as zero.
    package func crc32c(
        _ range: Range<Int>, seed: UInt32 = .max, zeroed: Range<Int> = 0..<0
    ) -> UInt32 {
        range.reduce(seed) { crc, at in
            let byte = zeroed.contains(at) ? 0 : u8(at)
            return Self.table[Int((crc ^ UInt32(byte)) & 0xff)] ^ crc >> 8
        }
    }

    /// The table of the polynomial 0x1EDC6F41, reflected (RFC 3720, appendix B.4).
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? 0x82F6_3B78 ^ crc >> 1 : crc >> 1 }
    }
}
