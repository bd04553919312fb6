import Glibc
import LinuxKit

/// Says whether this process can start others, before, while and after it has forbidden itself to.
enum Children {
    static func run() throws(SystemError) {
        attempt("before")
        try ResourceLimits.forbidChildren()
        attempt("forbidden")
        ResourceLimits.lifted { attempt("lifted") }
        attempt("forbidden again")
        try ResourceLimits.allowChildren()
        attempt("allowed")
    }

    private static func attempt(_ when: String) {
        // What it starts shows whose process it is and what it may do.
        var request = ChildProcess.Request(
            "/bin/grep", ["-E", "^(Uid|CapEff):", "/proc/self/status"])
        request.output = STDOUT_FILENO
        do throws(SystemError) {
            var child = try ChildProcess(starting: request)
            let exit = try child.wait(until: nil)
            Output.line("\(when), a process: \(exit == .code(0) ? "yes" : "\(exit, default: "")")")
        } catch {
            Output.line("\(when), a process: \(error.reason)")
        }
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, { _ in nil }, nil)
        if status == 0 { pthread_join(thread, nil) }
        Output.line("\(when), a thread: \(status == 0 ? "yes" : String(cString: strerror(status)))")
    }
}
