import CLinux
import Glibc

/// Signals as something to poll for (signalfd), blocked from interrupting anything else.
package struct SignalDescriptor: ~Copyable {
    private let descriptor: FileDescriptor
    private let set: sigset_t

    /// Blocks `signals` for this process and collects them.
    package init(_ signals: [Int32]) throws(SystemError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        sigprocmask(SIG_BLOCK, &set, nil)
        let opened = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        guard opened >= 0 else { throw SystemError("collect", "signals") }
        descriptor = FileDescriptor(adopting: opened)
        self.set = set
    }

    /// Lets the signals do again what they do by themselves, also those that have come and were not taken.
    package borrowing func letThrough() {
        var set = set
        sigprocmask(SIG_UNBLOCK, &set, nil)
    }

    /// Ends this process by `signal`, so that who started it sees what ended it.
    package borrowing func end(by signal: Int32) {
        letThrough()
        raise(signal)
    }

    /// Becomes readable (`Poll`) when a signal has come.
    package var number: Int32 { descriptor.number }

    /// The next signal that has come, or `nil`.
    package borrowing func next() -> Int32? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        let got = withUnsafeMutableBytes(of: &info) { buffer in
            retrying { read(descriptor.number, buffer.baseAddress, size) }
        }
        return got == size ? Int32(bitPattern: info.ssi_signo) : nil
    }
}
