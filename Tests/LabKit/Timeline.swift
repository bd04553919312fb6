import Synchronization

/// What happened when, in one story, by one clock: the host's.
package final class Timeline: Sendable {
    package struct Entry: Sendable {
        package let time: ContinuousClock.Instant
        package let source: String
        package let text: String
    }

    package let start = ContinuousClock.now
    private let recorded = Observed<[Entry]>([])
    private let echo: (@Sendable (Entry) -> Void)?

    /// - Parameter echo: called with each entry as it is made.
    package init(echo: (@Sendable (Entry) -> Void)? = nil) {
        self.echo = echo
    }

    package func note(
        _ source: String, _ text: String, at time: ContinuousClock.Instant = .now
    ) {
        let entry = Entry(time: time, source: source, text: text)
        recorded.update { $0.append(entry) }
        echo?(entry)
    }

    /// Entries in the order of time.
    package var entries: [Entry] { recorded.value.sorted { $0.time < $1.time } }

    /// Seconds from the story's start.
    package func seconds(_ time: ContinuousClock.Instant) -> Double { (time - start).seconds }

    /// The first entry whose text contains `text`.
    package func first(_ text: String) -> Entry? { entries.first { $0.text.contains(text) } }

    /// One line for each entry: seconds, source, text.
    package var report: String {
        entries.map { line($0) }.joined(separator: "\n")
    }

    package func line(_ entry: Entry) -> String {
        let seconds = fixed(seconds(entry.time))
        let padding = String(repeating: " ", count: max(0, 7 - seconds.count))
        let source = entry.source + String(repeating: " ", count: max(0, 8 - entry.source.count))
        return "\(padding)\(seconds) s  \(source)  \(entry.text)"
    }
}
