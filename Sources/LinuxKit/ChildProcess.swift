import CLinux
import Glibc

/// A child process that this process started and will reap.
///
/// Dropping the value kills the child (SIGKILL) and reaps it, so that none is left behind; one that hangs in the kernel is
/// given up after two seconds, and ends when it comes out of there.
package struct ChildProcess: ~Copyable {
    /// What to start, and with which descriptors; -1 stands for /dev/null.
    package struct Request: Sendable {
        package var path: String
        /// The whole argument vector, program name first.
        package var arguments: [String]
        /// The whole environment, `NAME=value`; empty means empty.
        package var environment: [String] = []
        package var input: Int32 = -1
        package var output: Int32 = -1
        package var error: Int32 = -1
        /// Appears as descriptor 3 in the child.
        package var extra: Int32 = -1
        package var newSession = false
        /// `input` becomes the controlling terminal; only with `newSession`.
        package var controllingTerminal = false
        /// The kernel kills the child when this process ends.
        package var diesWithParent = true
        /// A pipe that nobody reads any more does not end the child: its writes fail.
        package var survivesBrokenPipes = false

        package init(_ path: String, _ arguments: [String]) {
            self.path = path
            self.arguments = [path] + arguments
        }

        /// The child has that terminal, in a session of its own.
        /// - Parameter program: the side of a `PseudoTerminal` that programs have.
        package mutating func runs(on program: Int32) {
            (input, output, error) = (program, program, program)
            newSession = true
            controllingTerminal = true
        }

        /// davit itself with another applet, whatever file it was started from.
        package static func davit(_ arguments: [String]) -> Request {
            var request = Request("/proc/self/exe", [])
            request.arguments = ["davit"] + arguments
            request.environment = Environment.inherited
            return request
        }
    }

    /// How a process ended.
    package enum Exit: Equatable, Sendable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        package var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let signal): "signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        }

        /// The exit code; a signal as its negative.
        package var number: Int32 {
            switch self {
            case .code(let code): code
            case .signal(let signal): -signal
            }
        }
    }

    package let pid: Int32
    private let pidfd: FileDescriptor
    private var exit: Exit?
    private var isDetached = false

    /// Starts the child; returns once its program runs.
    /// - Throws: when it cannot be started, naming the program.
    package init(starting request: Request) throws(SystemError) {
        var pidfd: Int32 = -1
        let pid = withCStrings(request.arguments) { arguments in
            withCStrings(request.environment) { environment in
                request.path.withCString { path in
                    var child = davit_child(
                        path: path, arguments: arguments, environment: environment,
                        input: request.input, output: request.output, error: request.error,
                        extra: request.extra, new_session: request.newSession,
                        controlling_terminal: request.controllingTerminal,
                        dies_with_parent: request.diesWithParent,
                        survives_broken_pipes: request.survivesBrokenPipes)
                    return davit_spawn(&child, &pidfd)
                }
            }
        }
        // Not the other words: a person may have typed a secret among them, and errors are logged.
        guard pid > 0 else { throw SystemError("start", request.path) }
        self.pid = pid
        self.pidfd = FileDescriptor(adopting: pidfd)
    }

    deinit {
        guard exit == nil, !isDetached else { return }
        _ = davit_pidfd_signal(pidfd.number, SIGKILL)
        var ended = pollfd(fd: pidfd.number, events: Int16(POLLIN), revents: 0)
        _ = retrying { Glibc.poll(&ended, 1, 2000) }
        _ = retrying { waitpid(pid, nil, WNOHANG) }
    }

    /// Lets go of a child that cannot be waited for, because it hangs in the kernel: it is killed as soon as it comes
    /// out of there, and init reaps it.
    package consuming func abandon() {
        _ = davit_pidfd_signal(pidfd.number, SIGKILL)
        exit = .signal(SIGKILL)
    }

    /// Becomes readable (`Poll`) when the child has ended.
    package var descriptor: Int32 { pidfd.number }

    /// Lets the child live on when this value goes away. It should have been started with `newSession` and without
    /// `diesWithParent`; the first process of the machine reaps it when this one ends earlier.
    package mutating func detach() { isDetached = true }

    /// Sends a signal; does nothing when the child has ended.
    package borrowing func signal(_ signal: Int32) {
        guard exit == nil else { return }
        _ = davit_pidfd_signal(pidfd.number, signal)
    }

    /// Sends a signal to the child's process group, which it leads when started with `newSession`.
    package borrowing func signalGroup(_ signal: Int32) {
        guard exit == nil else { return }
        _ = kill(-pid, signal)
    }

    /// How the child ended, or `nil` while it runs; never waits.
    package mutating func poll() -> Exit? { reap(WNOHANG) }

    /// Waits for the child to end, at most until `deadline` (`Clock.now`; `nil`: for ever).
    /// - Returns: `nil` when it still runs at the deadline.
    package mutating func wait(until deadline: Duration?) throws(SystemError) -> Exit? {
        while true {
            if let exit = poll() { return exit }
            if let deadline, Clock.now >= deadline { return nil }
            _ = try Poll.wait([.init(descriptor, .input)], until: deadline)
        }
    }

    private mutating func reap(_ options: Int32) -> Exit? {
        if let exit { return exit }
        var status: Int32 = 0
        guard retrying({ waitpid(pid, &status, options) }) == pid else { return nil }
        let ended: Exit =
            davit_wait_exited(status) != 0
            ? .code(davit_wait_exit_status(status)) : .signal(davit_wait_signal(status))
        exit = ended
        return ended
    }
}

/// Lends a NULL-terminated array of C strings, as execve(2) takes it.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        // The array holds at least the closing NULL, so it has an address.
        guard let base = buffer.baseAddress else {
            return withUnsafePointer(to: nil) { body($0) }
        }
        return body(UnsafePointer(base))
    }
}
