import LinuxKit
import SSHCore

/// One address to listen on, and the socket once it can be had.
final class ListeningSocket {
    /// Connections that wait to be accepted; the kernel drops further ones, which come again by themselves.
    private static let backlog: Int32 = 512

    let address: ListenAddress
    private var socket: FileDescriptor?
    /// When it is tried again; `nil` when it is open.
    private(set) var nextTry: Duration? = .zero
    private(set) var pause = Duration.zero
    /// What was last said about it.
    var complaint: String?

    init(_ address: ListenAddress) { self.address = address }

    var number: Int32 { socket.number }
    var isOpen: Bool { number >= 0 }

    /// Opens the socket when its time has come.
    /// - Returns: whether it was opened now.
    /// - Throws: why it cannot be had yet; `pause` says how long until it is tried again.
    func open(
        at now: Duration, _ retry: (first: Duration, longest: Duration)
    ) throws(ListenFailure) -> Bool {
        guard let due = nextTry, now >= due else { return false }
        do throws(SystemError) {
            socket = try TCPSocket.listen(
                on: address.address?.bytes, port: address.port, backlog: Self.backlog)
        } catch {
            pause = pause == .zero ? retry.first : min(retry.longest, pause * 2)
            nextTry = now + pause
            throw ListenFailure(error, address)
        }
        nextTry = nil
        return true
    }
}

/// Why a socket cannot be had.
struct ListenFailure: Error {
    let words: String

    init(_ error: SystemError, _ address: ListenAddress) {
        words =
            switch error {
            case _ where error.isAddressInUse:
                "another program listens on port \(address.port). Stop it, or give another port with --listen."
            case _ where error.isPermission:
                "only root may listen on port \(address.port). Run as root, or give a port above 1023 with --listen."
            default: error.description
            }
    }
}
