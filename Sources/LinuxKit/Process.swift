import CLinux
import Glibc

/// This process.
package enum Process {
    package static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

    /// Closed readers are errors of the write that meets them, not the end of the process.
    package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}
