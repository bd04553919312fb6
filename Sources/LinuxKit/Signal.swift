import Glibc

/// Signals by their names.
package enum Signal {
    package static let terminate = SIGTERM
    package static let interrupt = SIGINT
    package static let hangup = SIGHUP
    package static let kill = SIGKILL
}
