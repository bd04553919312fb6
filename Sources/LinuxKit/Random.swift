import CLinux
import Glibc

/// Randomness from the kernel (getrandom(2)).
package enum Random {
    /// `count` random bytes. Early in a boot the kernel may not have gathered enough yet; `urgent` takes what there is,
    /// which is good enough for jitter and transaction ids and not for keys.
    package static func bytes(_ count: Int, urgent: Bool = false) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        var filled = 0
        while filled < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                retrying {
                    getrandom(
                        buffer.baseAddress.map { $0 + filled }, buffer.count - filled,
                        urgent ? UInt32(GRND_INSECURE) : 0)
                }
            }
            guard got > 0 else { throw SystemError("read", "random bytes") }
            filled += got
        }
        return bytes
    }
}

/// A generator for jitter and identifiers, seeded by the kernel without waiting for it to be ready.
package struct UrgentRandom: RandomNumberGenerator {
    package init() {}

    package mutating func next() -> UInt64 {
        guard let bytes = try? Random.bytes(8, urgent: true) else {
            // GRND_INSECURE came with Linux 5.6; before it the clock must do.
            return UInt64(truncatingIfNeeded: Clock.now.components.attoseconds)
                &* 0x9E37_79B9_7F4A_7C15
        }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
