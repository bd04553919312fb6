import CLinux
import LinuxKit

/// What one call of a `Recorder` left in the ring.
package struct Entry: Sendable, Equatable {
    /// Time since boot.
    package let time: Duration
    package let component: Component
    package let pid: Int32
    package let event: Event
    package let importance: Recorder.Importance
    /// Its sentence, or empty.
    package let remark: String

    /// `nil` for numbers that this davit has no names for.
    init?(_ read: davit_entry, _ text: UnsafeRawBufferPointer) {
        let stored = read.event
        guard let component = Component(rawValue: stored.component),
            let what = Event.What(rawValue: stored.what),
            let outcome = Event.Outcome(rawValue: stored.outcome),
            let importance = Recorder.Importance(rawValue: stored.importance)
        else { return nil }
        time = .nanoseconds(Int64(clamping: read.time))
        self.component = component
        pid = read.pid
        self.importance = importance
        let text = text.prefix(Int(read.count))
        let name = String(decoding: text.prefix(Int(read.name)), as: UTF8.self)
        // Whoever wrote it: it must not steer the terminal of who reads it.
        remark = Recorder.printable(
            String(decoding: text.dropFirst(Int(read.name)), as: UTF8.self))
        event = Event(
            what, Object(recorded: name), outcome, milliseconds: stored.milliseconds,
            code: stored.code)
    }

    /// For people, without the time and the process.
    package var words: String { remark.isEmpty ? event.description : remark }
}

extension Entry: CustomStringConvertible {
    /// One line: `12.345 net[210]: eth0: no answer, next try in 4 s`.
    package var description: String {
        "\(time.inSeconds) \(component.name)[\(pid)]: \(words)"
    }
}
