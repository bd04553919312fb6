/// Signals by the names that SSH gives them. Source: RFC 4254 §6.10.
package enum SignalName: String, Sendable, CaseIterable {
    case abort = "ABRT"
    case alarm = "ALRM"
    case floatingPoint = "FPE"
    case hangup = "HUP"
    case illegal = "ILL"
    case interrupt = "INT"
    case kill = "KILL"
    case pipe = "PIPE"
    case quit = "QUIT"
    case segmentation = "SEGV"
    case terminate = "TERM"
    case user1 = "USR1"
    case user2 = "USR2"
}
