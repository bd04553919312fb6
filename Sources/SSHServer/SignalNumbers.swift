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
        case .abort: Signal.abort
        case .alarm: Signal.alarm
        case .floatingPoint: Signal.floatingPoint
        case .hangup: Signal.hangup
        case .illegal: Signal.illegal
        case .interrupt: Signal.interrupt
        case .kill: Signal.kill
        case .pipe: Signal.pipe
        case .quit: Signal.quit
        case .segmentation: Signal.segmentation
        case .terminate: Signal.terminate
        case .user1: Signal.user1
        case .user2: Signal.user2
        }
    }
}
