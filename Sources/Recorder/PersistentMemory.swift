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

    /// davit's lines among `text` that was kept, whether davit wrote them there or they are of the kernel's own log, which
    /// is kept when it panics: `<5>[   12.345678] davit: …`; and what it panicked of.
    package static func lines(of text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            var (time, words) = ("", line)
            if line.hasPrefix("<"), let begin = line.firstIndex(of: "["),
                let end = line[begin...].firstIndex(of: "]")
            {
                time = line[begin..<end].dropFirst().drop { $0 == " " } + " "
                words = line[end...].dropFirst(2)
            }
            if words.hasPrefix(mark) { return time + words.dropFirst(mark.count) }
            return words.hasPrefix("Kernel panic") ? time + words : nil
        }
    }
}
