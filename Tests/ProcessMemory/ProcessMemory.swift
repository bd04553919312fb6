import Foundation
import LinuxKit

/// What stands in the memory of a process and of those that it started.
public enum ProcessMemory {
    /// In which of `pid` and the processes below it, and how often, `secret` stands in memory that can be written.
    public static func holders(of secret: String, below pid: Int32) -> [Int32: Int] {
        var found: [Int32: Int] = [:]
        for pid in family(of: pid) {
            let count = occurrences(of: Array(secret.utf8), in: pid)
            if count > 0 { found[pid] = count }
        }
        return found
    }

    public static func children(of pid: Int32) -> [Int32] {
        (Files.text("/proc/\(pid)/task/\(pid)/children") ?? "").split(separator: " ")
            .compactMap { Int32($0) }
    }

    private static func family(of pid: Int32) -> [Int32] {
        var all = [pid]
        var next = 0
        while next < all.count {
            all += children(of: all[next])
            next += 1
        }
        return all
    }

    private static func occurrences(of secret: [UInt8], in pid: Int32) -> Int {
        guard let maps = Files.text("/proc/\(pid)/maps"),
            let memory = try? FileDescriptor(opening: "/proc/\(pid)/mem", O_RDONLY)
        else { return 0 }
        var count = 0
        for line in maps.split(separator: "\n") where line.contains(" rw") {
            let ends = line.prefix { $0 != " " }.split(separator: "-")
            guard ends.count == 2, let start = UInt64(ends[0], radix: 16),
                let end = UInt64(ends[1], radix: 16), end - start < 1 << 28,
                let bytes = try? memory.read(Int(end - start), at: start)
            else { continue }
            count += Self.count(of: secret, in: bytes)
        }
        return count
    }

    private static func count(of secret: [UInt8], in bytes: [UInt8]) -> Int {
        var count = 0
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let first = secret.first else { return }
            var at = 0
            while at + secret.count <= bytes.count,
                let hit = memchr(base + at, Int32(first), bytes.count - secret.count + 1 - at)
            {
                at = UnsafeRawPointer(hit) - base
                if memcmp(base + at, secret, secret.count) == 0 { count += 1 }
                at += 1
            }
        }
        return count
    }
}
