import Glibc

/// What can be told of a path that libcryptsetup refused.
enum DiskPlace {
    /// What a device says that is not ready, or that went away a moment ago: it may be there again.
    static let passing = [EIO, ENXIO, ENODEV, ENOMEDIUM, ENOENT, EBUSY]

    /// Why nothing can be read there at all, or `nil`; libcryptsetup says "block device required" of all that.
    static func trouble(at path: String) -> CryptError? {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return refusal(path, errno) }
        close(descriptor)
        guard let kind = status(path).map({ $0.st_mode & S_IFMT }) else { return nil }
        return kind == S_IFBLK || kind == S_IFREG ? nil : .noDisk(path: path)
    }

    /// The kernel's refusal of the path.
    static func refusal(_ path: String, _ code: Int32) -> CryptError {
        let reason = String(cString: strerror(code))
        return passing.contains(code)
            ? .away(path: path, reason: reason) : .cannotOpen(path: path, reason: reason)
    }

    /// The length of a file; `nil` for a device.
    static func bytesOfFile(_ path: String) -> Int? {
        status(path).flatMap { $0.st_mode & S_IFMT == S_IFREG ? Int($0.st_size) : nil }
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    /// Whether it begins as LUKS does, or holds the second copy of a header of LUKS2, at any of its places.
    /// Source: cryptsetup lib/luks2/luks2.h, LUKS2_MAGIC_1ST, LUKS2_MAGIC_2ND, LUKS2_HDR2_OFFSETS.
    static func hasMark(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        func holds(_ mark: StaticString, at offset: Int) -> Bool {
            var bytes: [UInt8] = Array(repeating: 0, count: 6)
            guard pread(descriptor, &bytes, bytes.count, off_t(offset)) == bytes.count else {
                return false
            }
            return bytes == Array(mark.utf8) + [0xBA, 0xBE]
        }
        // Powers of two from 16 KiB to 4 MiB, which are the sizes that a header may have.
        return holds("LUKS", at: 0) || (14...22).contains { holds("SKUL", at: 1 << $0) }
    }
}

extension StaticString {
    fileprivate var utf8: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}
