import Glibc
import LinuxKit
import SSHCore

extension Signal {
    /// The kernel's number for a signal that a client names; `nil` for one that RFC 4254 does not know.
    static func number(sshName: String) -> Int32? { SignalName(rawValue: sshName)?.number }

    /// RFC 4254's name for a signal that ended a program, or a local one in the form that §6.10 asks for.
    static func sshName(_ number: Int32) -> String {
        SignalName.allCases.first { $0.number == number }?.rawValue ?? "SIG\(number)@davit"
    }
}

extension SignalName {
    fileprivate var number: Int32 {
        switch self {
        case .abort: SIGABRT
        case .alarm: SIGALRM
        case .floatingPoint: SIGFPE
        case .hangup: SIGHUP
        case .illegal: SIGILL
        case .interrupt: SIGINT
        case .kill: SIGKILL
        case .pipe: SIGPIPE
        case .quit: SIGQUIT
        case .segmentation: SIGSEGV
        case .terminate: SIGTERM
        case .user1: SIGUSR1
        case .user2: SIGUSR2
        }
    }
}
