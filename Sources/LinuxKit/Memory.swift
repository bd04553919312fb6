import Glibc

/// Memory that held a secret.
package enum Memory {
    /// Overwrites `bytes` with zeros, which no optimizer leaves out.
    package static func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
        if let base = bytes.baseAddress { explicit_bzero(base, bytes.count) }
    }
}
