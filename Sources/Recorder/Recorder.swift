import CLinux
import LinuxKit

/// Records what happens, for `davit log`, `davit status` and the person at the console.
///
/// Everything goes into the ring of `$DAVIT_RUN/recorder`: 1 MiB that all processes share, some 8000 events. What is
/// important goes into the kernel's log too, and so on the console, and where the machine has a piece of memory that a
/// reset leaves alone, into that. Nothing here fails or waits: without room in /run for a ring the important ones are left.
package struct Recorder: Sendable {
    /// How much an event matters to somebody who has only the console.
    package enum Importance: UInt8, Sendable, CaseIterable {
        /// In the ring only.
        case detail
        /// Also in the kernel log, as a notice.
        case notice
        /// Also in the kernel log, as a warning, which reaches the console of a quiet boot too.
        case warning
    }

    private let component: Component
    private let directory: String
    /// `nil` while there is no room for one, or one of another version is there.
    private let ring: Ring?
    private let memory: Ring.Memory?

    /// The ring that all processes share; a process that will be confined is to be let write into it.
    package static var path: String { Ring.path(in: Roots.run) }

    /// A recorder for one component, such as `.net`. A process that will be confined makes it before.
    package init(component: Component, directory: String = Roots.run) {
        self.component = component
        self.directory = directory
        ring = try? Ring(joining: directory)
        memory = ring?.memory
    }

    /// Records what happened, with a sentence for people where the event's own words do not say all.
    package func record(
        _ remark: Remark, _ importance: Importance = .detail, _ event: Event = Event(.said)
    ) {
        let remark = Self.printable(remark.text)
        put(event, importance, event.name + remark)
        tellOutside(remark, importance)
    }

    /// Records what happened; who reads it puts it into words.
    package func record(_ event: Event, _ importance: Importance = .detail) {
        put(event, importance, event.name)
        if importance != .detail { tellOutside(event.description, importance) }
    }

    private func put(_ event: Event, _ importance: Importance, _ text: String) {
        let name = event.name.utf8.count
        let event = davit_event(
            milliseconds: event.milliseconds, code: event.code,
            component: component.rawValue, what: event.what.rawValue,
            outcome: event.outcome.rawValue, importance: importance.rawValue)
        if let memory {
            memory.write(event, text, name: name)
        } else if let ring = try? Ring(joining: directory) {
            // /run was full, or not there, when this process began.
            ring.memory.write(event, text, name: name)
        }
    }

    private func tellOutside(_ words: String, _ importance: Importance) {
        guard importance != .detail else { return }
        if memory?.allows(Self.mostKept, inSeconds: Self.pace) ?? true {
            PersistentMemory.keep(
                "\(Clock.now.inSeconds) \(component.name)[\(Host.pid)]: \(words)\n")
        }
        KernelLog.write(
            "\(component.name): \(words)", priority: importance == .warning ? 4 : 5)
    }

    /// Lines that all processes together put into the memory that outlives a reset: it is small, and a flood must not push
    /// out of it what came before.
    private static let mostKept: UInt32 = 30
    /// In this many seconds.
    private static let pace: UInt32 = 60

    /// Without control characters: text from the network must not steer the terminal of who reads the log.
    static func printable(_ words: String) -> String {
        guard words.unicodeScalars.contains(where: isControl) else { return words }
        return String(
            String.UnicodeScalarView(words.unicodeScalars.map { isControl($0) ? "?" : $0 }))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 32 || (127..<160).contains(scalar.value)
    }
}
