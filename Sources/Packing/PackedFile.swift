/// A file that may be packed by gzip, xz or zstd, as distributions pack kernel modules.
///
/// The kernel unpacks only what its own distribution chose, from Linux 5.17 on, and only when it was built so; and before
/// a module is loaded, its own header is to be read. The three libraries would be three times as large as this.
package enum PackedFile {
    /// Why nothing comes out.
    package struct Failure: Error, Equatable {
        package let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// What is in it; the bytes themselves where they are not packed.
    /// - Parameter limit: the most bytes that may come out.
    package static func content(
        _ bytes: [UInt8], limit: Int
    ) throws(Failure) -> [UInt8] {
        if bytes.starts(with: [0x1F, 0x8B]) { return try Inflate.content(bytes, limit: limit) }
        if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
            return try XZFile.content(bytes, limit: limit)
        }
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            return try ZstandardFrame.content(bytes, limit: limit)
        }
        return bytes
    }

    static let cutOff = Failure("it is packed, and cut off")
    static let damaged = Failure("it is packed, and damaged")
    static let tooLarge = Failure("it unpacks to more than any module has")
}

/// A cyclic redundancy check with reflected bits, of 32 or 64 of them.
struct ReflectedCRC {
    private let table: [UInt64]
    private let ones: UInt64

    /// gzip's and xz' own. Source: RFC 1952 §8.
    static let of32 = ReflectedCRC(polynomial: 0xEDB8_8320, ones: 0xFFFF_FFFF)
    /// Source: The .xz File Format, 6.
    static let of64 = ReflectedCRC(polynomial: 0xC96C_5795_D787_0F42, ones: .max)

    private init(polynomial: UInt64, ones: UInt64) {
        self.ones = ones
        table = (0..<256).map { start in
            (0..<8).reduce(UInt64(start)) { value, _ in
                value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1
            }
        }
    }

    func value(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var value = ones
        for byte in bytes { value = table[Int((value ^ UInt64(byte)) & 0xFF)] ^ value >> 8 }
        return value ^ ones
    }
}

/// A number of `count` bytes at `place`, the lowest first; `nil` beyond the end.
func littleEndian(_ bytes: [UInt8], _ place: Int, _ count: Int) -> UInt64? {
    guard place >= 0, count >= 0, count <= 8, place <= bytes.count - count else { return nil }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[place + index]) << UInt64(8 * index) }
    return value
}

extension Array where Element == UInt8 {
    /// Appends `count` bytes from `distance` before the end, which may overlap with what is appended.
    /// - Parameter start: where what may be repeated begins.
    mutating func repeatBytes(
        from distance: Int, count length: Int, since start: Int = 0, limit: Int
    ) throws(PackedFile.Failure) {
        guard distance > 0, distance <= count - start else { throw PackedFile.damaged }
        guard length <= limit - count else { throw PackedFile.tooLarge }
        var from = count - distance
        for _ in 0..<length {
            append(self[from])
            from += 1
        }
    }
}
