import CLinux
import Glibc

/// poll(2) with a deadline on the clock that also runs while the machine sleeps.
package enum Poll {
    /// What is waited for, and what has come.
    package struct Events: OptionSet, Sendable {
        package let rawValue: Int16
        package init(rawValue: Int16) { self.rawValue = rawValue }

        package static let input = Events(rawValue: Int16(POLLIN))
        package static let output = Events(rawValue: Int16(POLLOUT))
        /// The other side is gone or the descriptor is bad; reported without being asked for.
        package static let closed = Events(rawValue: Int16(POLLHUP | POLLERR | POLLNVAL))

        package var isReadable: Bool { !isDisjoint(with: [.input, .closed]) }
    }

    /// One descriptor and what is wanted of it; a negative descriptor is passed over.
    package struct Interest: Sendable {
        package let descriptor: Int32
        package let events: Events
        package init(_ descriptor: Int32, _ events: Events) {
            self.descriptor = descriptor
            self.events = events
        }
    }

    /// Waits until something wanted has come or `deadline` (`Clock.now`) is reached; `nil` waits for ever.
    /// - Returns: one entry for each interest, in the same order; all empty at the deadline or after a signal.
    package static func wait(
        _ interests: [Interest], until deadline: Duration?
    ) throws(SystemError) -> [Events] {
        var table = interests.map {
            pollfd(fd: $0.descriptor, events: $0.events.rawValue, revents: 0)
        }
        let status = poll(&table, nfds_t(table.count), milliseconds(until: deadline))
        guard status >= 0 || errno == EINTR else { throw SystemError("wait for", "events") }
        guard status > 0 else { return interests.map { _ in [] } }
        return table.map { Events(rawValue: $0.revents) }
    }

    /// Rounded up: waking a moment early would make the caller spin until the deadline.
    private static func milliseconds(until deadline: Duration?) -> Int32 {
        guard let deadline else { return -1 }
        let left = deadline - Clock.now
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return Int32(seconds * 1000) + Int32(attoseconds / 1_000_000_000_000_000) + 1
    }
}
