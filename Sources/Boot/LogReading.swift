import JSONKit
import LinuxKit
import Recorder

/// The flight recorder for people and programs: all that is kept, what comes, and what a reset left.
package enum LogReading {
    /// How often a followed recorder is looked at: memory says nothing of being written to.
    private static let interval = Duration.milliseconds(300)

    /// What is kept of this boot, oldest first; with `follow`, then what comes, until nobody reads any more.
    /// - Throws: `RecorderError` when there is a recorder that cannot be read.
    package static func show(
        follow: Bool, asJSON: Bool = false, _ write: (String) -> Void
    ) throws {
        var next: UInt64 = 0
        // Numbers that were taken before the last look; whoever took one has filled its slot by now, or was killed.
        var due: UInt64?
        while true {
            if let recording = try recording() {
                let kept = recording.kept
                // A new recorder begins anew.
                if kept.upperBound < next { next = 0 }
                let end = follow ? min(due ?? kept.upperBound, kept.upperBound) : kept.upperBound
                let begin = min(max(next, kept.lowerBound), end)
                for entry in recording.entries(in: begin..<end) {
                    write(asJSON ? json(entry).compact + "\n" : "\(entry)\n")
                }
                next = end
                due = kept.upperBound
            }
            guard follow, try !isLeft() else { return }
        }
    }

    /// `nil` when nothing has been recorded yet.
    private static func recording() throws(RecorderError) -> Recording? {
        do throws(RecorderError) {
            return try Recording()
        } catch {
            if case .unreachable(let cause) = error, cause.isNotFound { return nil }
            throw error
        }
    }

    private static func json(_ entry: Entry) -> JSON {
        let event = entry.event
        return [
            "at": JSON(entry.time.milliseconds),
            "component": .string(entry.component.name),
            "pid": .number(Int(entry.pid)),
            "importance": .string("\(entry.importance)"),
            "event": .string(event.what.word),
            "object": JSON(event.object?.description),
            "outcome": .string(event.outcome.word),
            "took": JSON(event.duration?.milliseconds),
            "code": .number(Int(event.code)),
            "words": .string(entry.words),
        ]
    }

    /// Waits a moment; `true` when the reader has gone.
    private static func isLeft() throws(SystemError) -> Bool {
        let reader = Poll.Interest(FileDescriptor.standardOutput, [])
        return try Poll.wait([reader], until: Clock.now + interval).first?.contains(.closed) == true
    }

    /// The important lines from before the last reset, where the machine keeps them (ramoops, or an EFI or ERST store);
    /// `nil` when there is nothing. All that davit wrote, or else what the kernel kept of its own log.
    /// Source: Documentation/admin-guide/ramoops.rst; fs/pstore/pmsg.c, platform.c.
    package static var previous: String? {
        let store = Roots.sys + "/fs/pstore"
        if Files.names(in: store).isEmpty, MountTable.type(at: store) == nil {
            try? Mounts.mount("pstore", at: store, type: "pstore", options: "", readOnly: true)
        }
        // systemd moves them there when it starts.
        let places = [store, "/var/lib/systemd/pstore"]
        for (place, kind) in places.flatMap({ place in ["pmsg-", "dmesg-"].map { (place, $0) } }) {
            // Of a log in parts the first is the end.
            let text = Files.names(in: place).filter { $0.hasPrefix(kind) }.sorted(by: >)
                .compactMap { Files.text("\(place)/\($0)") }.joined(separator: "\n")
            let lines = PersistentMemory.lines(of: text)
            if !lines.isEmpty { return lines.joined(separator: "\n") + "\n" }
        }
        return nil
    }
}
