import Glibc

/// Memory of this process and of this machine.
package enum Memory {
    /// Overwrites `bytes` with zeros, which no optimizer leaves out.
    package static func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
        if let base = bytes.baseAddress { explicit_bzero(base, bytes.count) }
    }

    /// Bytes that programs can still get without pushing others out; `nil` where the kernel does not say.
    /// Source: Documentation/filesystems/proc.rst, MemAvailable. Oldest kernel: 3.14.
    package static var available: UInt64? { bytes("MemAvailable", in: information) }

    /// What the kernel counts of this machine's memory. Source: proc_meminfo(5).
    static var information: String { Files.text(Roots.proc + "/meminfo") ?? "" }

    /// One line of it, which counts in KiB; `nil` where there is none of that name.
    static func bytes(_ name: String, in information: String) -> UInt64? {
        for line in information.split(separator: "\n") where line.hasPrefix(name + ":") {
            let words = line.split(separator: " ")
            return words.count > 1 ? UInt64(words[1]).map { $0 &* 1024 } : nil
        }
        return nil
    }
}
