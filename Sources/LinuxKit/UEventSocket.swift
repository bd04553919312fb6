import CLinux
import Glibc

/// The kernel's announcements that devices come, change and go.
/// Source: lib/kobject_uevent.c; netlink family NETLINK_KOBJECT_UEVENT, group 1. Needs no udev.
package struct UEventSocket: ~Copyable {
    /// One announcement.
    package struct Event: Sendable, Equatable {
        /// `add`, `remove`, `change`, `move`, `online`, `offline`, `bind`, `unbind`.
        package let action: String
        /// `block`, `net`, …; empty when the kernel names none.
        package let subsystem: String
        /// The node's name below /dev, or empty.
        package let deviceName: String

        /// Reads one message: fields ended by NUL, the first of them a summary.
        package init?(_ message: [UInt8]) {
            var fields: [Substring: Substring] = [:]
            let text = String(decoding: message, as: UTF8.self)
            for field in text.split(separator: "\0").dropFirst() {
                guard let equals = field.firstIndex(of: "=") else { continue }
                fields[field[..<equals]] = field[field.index(after: equals)...]
            }
            guard let action = fields["ACTION"] else { return nil }
            self.action = String(action)
            subsystem = String(fields["SUBSYSTEM"] ?? "")
            deviceName = String(fields["DEVNAME"] ?? "")
        }
    }

    private let socket: FileDescriptor

    package init() throws(SystemError) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let opened = FileDescriptor(
            adopting: Glibc.socket(
                AF_NETLINK, type | Int32(SOCK_NONBLOCK.rawValue), NETLINK_KOBJECT_UEVENT))
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = 1
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(opened.number, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        // A socket that could not be opened is -1, and fails here.
        guard status == 0 else {
            throw SystemError("listen to", "the kernel's device announcements")
        }
        socket = opened
    }

    /// Becomes readable (`Poll`) when there are announcements.
    package var number: Int32 { socket.number }

    /// Takes what has come, at most 256 announcements.
    /// - Returns: the announcements, and whether some were lost because they came faster than they were read:
    ///   then everything has to be looked at again.
    package borrowing func take() -> (events: [Event], someWereLost: Bool) {
        var events: [Event] = []
        var someWereLost = false
        var buffer = [UInt8](repeating: 0, count: 8192)
        for _ in 0..<256 {
            var sender = sockaddr_nl()
            var size = socklen_t(MemoryLayout<sockaddr_nl>.size)
            let count = withUnsafeMutablePointer(to: &sender) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    retrying { recvfrom(socket.number, &buffer, buffer.count, 0, address, &size) }
                }
            }
            if count < 0, errno == ENOBUFS {
                someWereLost = true
                continue
            }
            guard count > 0 else { break }
            // Only the kernel has port number 0; other senders are not believed.
            guard sender.nl_pid == 0, let event = Event(Array(buffer[..<count])) else { continue }
            events.append(event)
        }
        return (events, someWereLost)
    }
}
