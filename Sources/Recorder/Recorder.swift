import LinuxKit
import Glibc

/// Writes what happens into `$DAVIT_RUN/log`, one line an event, for `davit status`, the person at the console and a
/// later `cat`: `12.345 net[210]: eth0: no answer, next try in 4 s`.
///
/// Every process appends for itself (O_APPEND, one write a line), so that lines of a killed process are kept and
/// lines of two never mix. The file is bounded: at `limit` bytes it becomes `log.old` and a new one begins.
package struct Recorder: Sendable {
    /// How much an event matters to somebody who has only the console.
    package enum Importance: Sendable {
        /// In the file only.
        case detail
        /// Also in the kernel log, as a notice.
        case notice
        /// Also in the kernel log, as a warning, which reaches the console of a quiet boot too.
        case warning
    }

    /// What a line begins with in the memory that outlives a reset.
    package static let mark = "davit: "

    /// The most bytes that the file may hold; with the old one, twice that much memory.
    package static let limit = 512 * 1024

    private let component: String
    private let path: String

    /// A recorder for one component, such as `net`.
    package init(component: String, directory: String = Roots.run) {
        self.component = component
        path = directory + "/log"
    }

    /// Records one event. Never fails: a full or missing /run must not stop what is recorded.
    package func record(_ words: String, _ importance: Importance = .detail) {
        let words = Self.printable(words)
        let line = "\(Clock.now.inSeconds) \(component)[\(Host.pid)]: \(words)\n"
        append(line)
        if importance != .detail { keepOverReset(line) }
        switch importance {
        case .detail: break
        case .notice: KernelLog.write("\(component): \(words)", priority: 5)
        case .warning: KernelLog.write("\(component): \(words)", priority: 4)
        }
    }

    /// For `davit log --previous`: where the machine has a piece of memory that a reset leaves alone.
    /// Source: fs/pstore/pmsg.c. Oldest kernel: 4.0.
    private func keepOverReset(_ line: String) {
        guard let memory = try? FileDescriptor(opening: Roots.dev + "/pmsg0", O_WRONLY) else {
            return
        }
        try? memory.write(Self.mark + line)
    }

    private func append(_ line: String) {
        let flags = O_WRONLY | O_APPEND | O_CREAT
        guard let file = try? FileDescriptor(opening: path, flags, mode: 0o640) else { return }
        try? file.write(line)
        // Only the file just written to: another process may have begun a new one meanwhile.
        if file.size > Self.limit, Files.isSame("/proc/self/fd/\(file.number)", path) {
            _ = rename(path, path + ".old")
        }
    }

    /// Without control characters: text from the network must not steer the terminal of who reads the log.
    private static func printable(_ words: String) -> String {
        String(
            String.UnicodeScalarView(
                words.unicodeScalars.map {
                    $0.value < 32 || (127..<160).contains($0.value) ? "?" : $0
                }))
    }
}
