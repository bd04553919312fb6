import LinuxKit

/// The kernel's word that a device came, changed or went, as something to poll for.
///
/// What it says is not looked at: whoever waits examines everything anew, which a lost event cannot upset. Where the
/// kernel refuses the socket nothing ever comes, and the timer that everybody needs anyhow must do.
struct DeviceNews: ~Copyable {
    private let socket: UEventSocket?

    init() { socket = try? UEventSocket() }

    /// Becomes readable (`Poll`) when something has happened; -1, which is passed over, without a socket.
    var number: Int32 {
        switch socket {
        case .some(let socket): socket.number
        case .none: -1
        }
    }

    /// Forgets what has come so far. Never waits.
    borrowing func drain() {
        switch socket {
        case .some(let socket): _ = socket.take()
        case .none: break
        }
    }
}
