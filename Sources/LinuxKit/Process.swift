import CLinux
import Glibc

/// This process.
package enum Process {
    package static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

    /// Closed readers are errors of the write that meets them, not the end of the process.
    package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Keeps this process, which holds a secret, out of core dumps.
    package static func keepPrivate() { _ = davit_keep_private() }

    /// Makes this process the one that the kernel ends first when memory runs out.
    package static func volunteerForOutOfMemory() {
        let path = Roots.proc + "/self/oom_score_adj"
        guard let file = try? FileDescriptor(opening: path, O_WRONLY) else { return }
        try? file.write("1000")
    }
}
