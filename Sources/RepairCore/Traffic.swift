/// Bytes that a run has moved since its start, as its devices count them, or its processes where it works on files.
///
/// For phases in which a checker says nothing: that it reads, and how fast, is all that anybody can know then.
package struct Traffic: Sendable, Equatable {
    package let read: UInt64
    package let written: UInt64

    package init(read: UInt64 = 0, written: UInt64 = 0) {
        self.read = read
        self.written = written
    }

    /// Since `start`; what fell, because a process ended, is none.
    package func since(_ start: Traffic) -> Traffic {
        Traffic(
            read: read > start.read ? read - start.read : 0,
            written: written > start.written ? written - start.written : 0)
    }

    /// `12 MiB read at 3 MiB/s, 1 MiB written`; empty before there is something to tell.
    package func words(over time: Duration) -> String {
        let seconds = UInt64(max(0, time.components.seconds))
        guard read + written >= 1 << 20 else { return "" }
        var text = "\(read >> 20) MiB read"
        if seconds >= 5, read / seconds >= 1 << 20 { text += " at \((read / seconds) >> 20) MiB/s" }
        if written >= 1 << 20 { text += ", \(written >> 20) MiB written" }
        return text
    }
}
