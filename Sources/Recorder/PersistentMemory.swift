import Glibc
import LinuxKit

/// Memory that a warm reset leaves alone, where the machine has some (ramoops, or an EFI or ERST store).
/// Source: fs/pstore/pmsg.c. Oldest kernel: 4.0.
package enum PersistentMemory {
    /// What davit's lines begin with: others write there, too.
    package static let mark = "davit: "

    /// Where the kernel takes lines for it.
    package static var path: String { Roots.dev + "/pmsg0" }

    /// Keeps one line. Does nothing where there is no such memory.
    static func keep(_ line: String) {
        guard let memory = try? FileDescriptor(opening: path, O_WRONLY) else { return }
        try? memory.write(mark + line)
    }

    /// davit's lines among `text` that was kept.
    package static func lines(of text: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.hasPrefix(mark) }.map { $0.dropFirst(mark.count) }
    }
}
