import CLinux
import Glibc

/// This process.
package enum Process {
    /// The command line, the program's name first. Needs no /proc, as `CommandLine.arguments` does.
    package static var arguments: [String] {
        var words: [String] = []
        while let word = davit_argument(Int32(words.count)) { words.append(String(cString: word)) }
        return words
    }

    package static func exit(_ code: Int32) -> Never { davit_exit(code) }

    /// Becomes another program; the descriptors without O_CLOEXEC, the session and the process number stay.
    /// - Returns: why it did not.
    package static func become(_ path: String, _ arguments: [String]) -> SystemError {
        // It is ignored here, and a program would inherit that.
        signal(SIGPIPE, SIG_DFL)
        withCStrings([path] + arguments) { _ = execv(path, $0) }
        return SystemError("start", path)
    }

    /// Closed readers are errors of the write that meets them, not the end of the process.
    package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Collects processes that nobody else does, for ever: what is left to do for the first process of a machine.
    package static func collectOrphans() -> Never {
        while true {
            // Without a child there is nothing to wait for; what hangs below others may still come.
            if wait(nil) < 0 { sleep(1) }
        }
    }

    /// Reads and writes nothing on the terminal that this process was started with any more.
    package static func dropStandardStreams() throws(SystemError) {
        let null = try FileDescriptor(opening: Roots.dev + "/null", O_RDWR)
        for number in Int32(0)...2 { dup2(null.number, number) }
    }

    /// Keeps this process, which holds a secret, out of core dumps, and lets `exit` overwrite all its memory.
    package static func keepPrivate() {
        _ = davit_keep_private()
        davit_wipe_at_exit()
    }

    /// Lets the signals that end this process overwrite all its memory first, whatever it is doing. For a process that
    /// waits for no signal itself.
    package static func keepPrivateUntilKilled() {
        keepPrivate()
        davit_wipe_on_signals()
    }

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
