import LinuxKit
import SSHCore

/// A connection that was let in and has no process yet: a descriptor, and nothing read from it.
final class WaitingConnection {
    let id: ConnectionLimits.ID
    let peer: Peer
    private var socket: FileDescriptor?
    private(set) var hasSpoken = false

    init(_ id: ConnectionLimits.ID, _ socket: consuming FileDescriptor, _ peer: Peer) {
        self.id = id
        self.peer = peer
        self.socket = consume socket
    }

    /// What to poll. Once something has come in only whether the client is gone: it stays unread until the process is
    /// there, and poll would spin.
    var interest: Poll.Interest { .init(socket.number, hasSpoken ? [] : .input) }

    enum News { case spoke, gone, nothing }

    func news(_ events: Poll.Events) -> News {
        if !events.isDisjoint(with: .closed) { return .gone }
        guard events.isReadable, !hasSpoken else { return .nothing }
        // Readable without bytes: the client has ended. A port scanner costs no process.
        guard TCPSocket.unread(socket.number) > 0 else { return .gone }
        hasSpoken = true
        return .spoke
    }

    /// Hands the socket on.
    func take() -> FileDescriptor? {
        let taken = socket.take()
        return taken
    }
}
