import CLinux
import Glibc

/// What a file holds, without its holes.
package enum FileContent {
    /// Bytes that are read at once.
    private static let piece = 64 << 10

    /// Reads the regular file at `path` from its start to its end, and hands each piece with its offset to `body` until
    /// that returns `false`. Offsets are multiples of 4096. Holes are left out where the file system tells of them.
    /// - Returns: whether it came to the end.
    /// - Throws: the kernel's reason.
    package static func read(
        _ path: [UInt8], _ body: (_ bytes: UnsafeRawBufferPointer, _ offset: UInt64) -> Bool
    ) throws(SystemError) -> Bool {
        var mode = FileCalls.OpenMode()
        mode.refusesLink = true
        let file = try FileCalls.open(path, mode, permissions: 0)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
        defer { buffer.deallocate() }
        var offset: off_t = 0
        while true {
            let data = davit_seek_data(file.number, offset)
            // ENXIO: nothing but a hole is left. Anything else: the file system does not tell of holes.
            if data < 0, errno == ENXIO { return true }
            if data > offset { offset = data & ~4095 }
            var filled = 0
            while filled < piece {
                let count = retrying {
                    pread(
                        file.number, buffer.baseAddress.map { $0 + filled }, piece - filled,
                        offset + off_t(filled))
                }
                guard count >= 0 else {
                    throw SystemError("read", String(decoding: path, as: UTF8.self))
                }
                guard count > 0 else { break }
                filled += count
            }
            guard filled > 0 else { return true }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
            guard body(bytes, UInt64(offset)) else { return false }
            guard filled == piece else { return true }
            offset += off_t(piece)
        }
    }
}
