import LinuxKit
import Recorder

/// The recorder's log for people: all that is kept, what comes, and what a reset left.
package enum LogReading {
    /// How often a followed log is looked at: a log that is written to says nothing of it where it lies in memory.
    private static let interval = Duration.milliseconds(300)

    private static var path: String { Roots.run + "/log" }

    /// What is kept of this boot, oldest first; with `follow`, then what comes, until nobody reads any more.
    package static func show(follow: Bool, _ write: (String) -> Void) throws(SystemError) {
        if let old = Files.text(path + ".old", limit: 2 * Recorder.limit) { write(old + "\n") }
        guard follow else {
            if let text = Files.text(path, limit: 2 * Recorder.limit) { write(text + "\n") }
            return
        }
        while true {
            guard let file = try? FileDescriptor(readingWithoutWaiting: path) else {
                if try isLeft() { return }
                continue
            }
            repeat {
                // Looked at before the reading: what was written until then is read, and nothing comes after it.
                let isCurrent = Files.isSame("/proc/self/fd/\(file.number)", path)
                let bytes = try file.readAll(limit: 1 << 20)
                if !bytes.isEmpty { write(String(decoding: bytes, as: UTF8.self)) }
                if !isCurrent { break }
            } while try !isLeft()
            if Files.isSame("/proc/self/fd/\(file.number)", path) { return }
        }
    }

    /// Waits a moment; `true` when the reader has gone.
    private static func isLeft() throws(SystemError) -> Bool {
        let reader = Poll.Interest(FileDescriptor.standardOutput, [])
        return try Poll.wait([reader], until: Clock.now + interval).first?.contains(.closed) == true
    }

    /// The important lines from before the last reset, where the machine keeps a piece of memory for it (ramoops, or an
    /// EFI or ERST store); `nil` when there is nothing.
    /// Source: Documentation/admin-guide/ramoops.rst; fs/pstore/pmsg.c.
    package static var previous: String? {
        let store = Roots.sys + "/fs/pstore"
        if Files.names(in: store).isEmpty, MountTable.type(at: store) == nil {
            try? Mounts.mount("pstore", at: store, type: "pstore", options: "", readOnly: true)
        }
        // systemd moves them there when it starts.
        let places = [store, "/var/lib/systemd/pstore"]
        for place in places {
            let text = Files.names(in: place).filter { $0.hasPrefix("pmsg-") }
                .compactMap { Files.text("\(place)/\($0)") }.joined(separator: "\n")
            let lines = text.split(separator: "\n").filter { $0.hasPrefix(Recorder.mark) }
                .map { $0.dropFirst(Recorder.mark.count) }
            if !lines.isEmpty { return lines.joined(separator: "\n") + "\n" }
        }
        return nil
    }
}
