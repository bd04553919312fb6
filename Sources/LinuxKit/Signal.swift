import Glibc

/// Signals by their names.
package enum Signal {
    package static let abort = SIGABRT
    package static let alarm = SIGALRM
    package static let goOn = SIGCONT
    package static let floatingPoint = SIGFPE
    package static let hangup = SIGHUP
    package static let illegal = SIGILL
    package static let interrupt = SIGINT
    package static let kill = SIGKILL
    package static let pipe = SIGPIPE
    package static let quit = SIGQUIT
    package static let segmentation = SIGSEGV
    package static let terminate = SIGTERM
    package static let user1 = SIGUSR1
    package static let user2 = SIGUSR2
    package static let windowChange = SIGWINCH
}
