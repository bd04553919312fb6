import CLinux
import Glibc

/// A process that this one did not start, held by a pidfd so that its number cannot come to mean another.
package struct OtherProcess: ~Copyable {
    package let pid: Int32
    private let pidfd: FileDescriptor

    /// `nil` when there is no such process. Oldest kernel: 5.3.
    package init?(_ pid: Int32) {
        let opened = davit_pidfd_open(pid)
        guard opened >= 0 else { return nil }
        self.pid = pid
        pidfd = FileDescriptor(adopting: opened)
    }

    /// Sends a signal; a process that has ended is no error.
    package borrowing func signal(_ signal: Int32) throws(SystemError) {
        guard davit_pidfd_signal(pidfd.number, signal) == 0 || errno == ESRCH else {
            throw SystemError("send a signal to", "process \(pid)")
        }
    }

    /// Waits until the process has ended; `false` when it still runs at the deadline (`Clock.now`), or when `descriptor`
    /// has become readable before.
    package borrowing func waitForEnd(
        until deadline: Duration, or descriptor: Int32 = -1
    ) throws(SystemError) -> Bool {
        repeat {
            let events = try Poll.wait(
                [.init(pidfd.number, .input), .init(descriptor, .input)], until: deadline)
            if events.first?.isReadable == true { return true }
            if events.last?.isReadable == true { return false }
        } while Clock.now < deadline
        return false
    }
}
