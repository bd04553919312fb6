/// A number for the content of one file: equal for equal content, whatever of its zeros are holes.
///
/// It tells damage from none; it is no protection against somebody who makes two files alike on purpose.
package struct ContentSum: Sendable, Equatable {
    package private(set) var value: UInt64 = 0x9e37_79b9_7f4a_7c15

    package init() {}

    /// Takes the bytes from `offset` on, which is a multiple of 8.
    package mutating func take(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
        var place = offset / 8
        var at = 0
        while at + 8 <= bytes.count {
            add(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self), place)
            place &+= 1
            at += 8
        }
        var last: UInt64 = 0
        for byte in bytes[at...].reversed() { last = last << 8 | UInt64(byte) }
        add(last, place)
    }

    /// The file's size: zeros at its end count by it alone.
    package mutating func end(size: UInt64) { add(size | 1 << 63, .max) }

    private mutating func add(_ word: UInt64, _ place: UInt64) {
        guard word != 0 else { return }
        value = (value ^ word ^ (place &* 0xff51_afd7_ed55_8ccd)) &* 0xc4ce_b9fe_1a85_ec53
        value ^= value >> 32
    }
}

/// What the files before a repair held, by their paths; of each path and each content one number is kept.
package struct ContentLedger: Sendable, Equatable {
    private var contents: [UInt64: UInt64] = [:]

    /// More files than this are counted, and not compared one by one: a million take 40 MiB.
    private static let most = 1 << 20

    package init() {}

    package var count: Int { contents.count }

    package mutating func note(_ path: [UInt8], _ content: ContentSum) {
        guard contents.count < Self.most else { return }
        contents[Self.key(path)] = content.value
    }

    package func holds(_ path: [UInt8]) -> Bool { contents[Self.key(path)] != nil }

    /// Whether the content is the noted one; `nil` for a path that was not noted.
    package func matches(_ path: [UInt8], _ content: ContentSum) -> Bool? {
        contents[Self.key(path)].map { $0 == content.value }
    }

    /// FNV-1a.
    private static func key(_ path: [UInt8]) -> UInt64 {
        path.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    // MARK: Kept between two processes

    /// Sixteen bytes for each file.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(contents.count * 16)
        for (path, content) in contents {
            for number in [path, content] {
                for shift in 0..<8 {
                    bytes.append(UInt8(truncatingIfNeeded: number >> (UInt64(shift) * 8)))
                }
            }
        }
        return bytes
    }

    package init(_ bytes: [UInt8]) {
        let block = DiskBytes(bytes)
        for at in stride(from: 0, to: bytes.count - bytes.count % 16, by: 16) {
            guard contents.count < Self.most else { return }
            contents[block.le64(at)] = block.le64(at + 8)
        }
    }

    /// What `bytes` takes at most.
    package static var longest: Int { most * 16 }
}
