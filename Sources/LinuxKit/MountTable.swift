import Glibc

/// What is mounted where, in this process' mount namespace. Source: Documentation/filesystems/proc.rst §3.5.
package enum MountTable {
    /// One mount.
    package struct Entry: Sendable, Equatable {
        /// `major:minor` of the file system; not of a disk where the file system has several.
        package let device: String
        package let point: String
        package let type: String
        /// The device as mount(8) was given it; several, joined by `:`, for bcachefs.
        package let source: String

        /// Reads one line of /proc/self/mountinfo.
        package init?(_ line: some StringProtocol) {
            let halves = line.split(separator: " ", omittingEmptySubsequences: false)
            guard let dash = halves.firstIndex(of: "-"), dash >= 6, halves.count >= dash + 3 else {
                return nil
            }
            device = String(halves[2])
            point = MountTable.unescaped(halves[4])
            type = String(halves[dash + 1])
            source = MountTable.unescaped(halves[dash + 2])
        }

        /// The sources one by one, where they are paths.
        package var sources: [String] {
            let parts = source.split(separator: ":").map(String.init)
            return parts.allSatisfy { $0.hasPrefix("/") } ? parts : [source]
        }
    }

    /// Of a word in /proc/self/mountinfo or /proc/swaps: blanks, tabs, line ends and backslashes are written as `\ooo`.
    static func unescaped(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                digits.allSatisfy({ (48...55).contains($0) })
            {
                bytes.append(digits.reduce(0) { $0 << 3 | ($1 - 48) })
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    package static var all: [Entry] {
        (Files.text(Roots.proc + "/self/mountinfo") ?? "").split(separator: "\n")
            .compactMap { Entry($0) }
    }

    /// What is swapped to: paths of block devices and files. Source: mm/swapfile.c, swap_show.
    package static var swaps: [String] {
        (Files.text(Roots.proc + "/swaps") ?? "").split(separator: "\n").dropFirst()
            .compactMap { $0.split(separator: " ").first.map { unescaped($0) } }
    }

    /// The type of what is mounted on exactly `path` last, or `nil`.
    package static func type(at path: String) -> String? {
        all.last { $0.point == path }?.type
    }
}
