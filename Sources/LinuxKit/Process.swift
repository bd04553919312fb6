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
    package static func volunteerForOutOfMemory() { outOfMemoryScore = 1000 }

    /// How willingly the kernel ends this process when memory runs out: -1000 never, 1000 first. Children inherit it.
    package static var outOfMemoryScore: Int {
        get { Files.text(outOfMemoryPath, limit: 16).flatMap { Int($0) } ?? 0 }
        set {
            guard let file = try? FileDescriptor(opening: outOfMemoryPath, O_WRONLY) else { return }
            try? file.write(String(newValue))
        }
    }

    private static var outOfMemoryPath: String { Roots.proc + "/self/oom_score_adj" }

    /// Gives way to other processes for the processor: 0 is like all others, 19 comes last. Going back needs root.
    package static func giveWay(_ niceness: Int32) {
        _ = davit_set_niceness(niceness)
    }
}
