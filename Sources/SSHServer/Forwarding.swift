import Addresses
import LinuxKit
import SSHCore
import SSHKit

/// One connection that a client makes from here: a channel on one side, a socket on the other. Bytes go both ways, and
/// each way ends by itself. Source: RFC 4254 §5.3, §7.2.
final class Forwarding {
    let channel: Channel
    private var socket: FileDescriptor?
    private var isConnected: Bool
    private var toSocket: Staging
    private var toClient: Staging
    private var hasEndedInput = false
    private var hasEndedOutput = false
    private(set) var isClosed = false

    /// Connects at once: on the loopback the kernel knows the answer before connect(2) returns.
    /// - Throws: why there is no connection.
    init(_ channel: Channel, to address: IPAddress, port: UInt16) throws(SystemError) {
        self.channel = channel
        toSocket = try Staging()
        toClient = try Staging()
        let socket = try TCPSocket.connect(to: .init(address: address.bytes, port: port))
        isConnected = try TCPSocket.isConnected(socket.number)
        self.socket = consume socket
    }

    /// What to poll: the socket; -1 where nothing is wanted.
    ///
    /// - Parameter maySend: whether the connection to the client takes more.
    func interests(maySend: Bool) -> [Poll.Interest] {
        var events: Poll.Events = []
        if !isConnected || !toSocket.isEmpty { events.insert(.output) }
        if isConnected, maySend, toClient.isEmpty, !hasEndedOutput, channel.window > 0 {
            events.insert(.input)
        }
        return [.init(events == [] ? -1 : socket.number, events)]
    }

    /// Moves what can be moved now.
    /// - Parameter events: what came for `interests`.
    /// - Returns: whether there is more to be moved at once.
    func pump(_ events: [Poll.Events]) -> Bool {
        guard !isClosed else { return false }
        // The client takes nothing more. What it sent before is delivered: OpenSSH's client closes right behind its last
        // bytes when the other way has ended.
        if channel.isClosedByClient {
            hasEndedOutput = true
            toClient.clear()
        }
        do throws(SystemError) {
            let event = events.first ?? []
            if !isConnected {
                guard event != [] else { return false }
                isConnected = try TCPSocket.isConnected(socket.number)
            }
            guard isConnected else { return false }
            try pumpOutput(event.isReadable)
            let more = try pumpInput()
            if hasEndedInput, hasEndedOutput { close() }
            return more
        } catch {
            close()
            return false
        }
    }

    private func pumpInput() throws(SystemError) -> Bool {
        channel.discardExtendedData()
        // Bounded, so that one channel leaves room for the others.
        for _ in 0..<8 {
            if toSocket.isEmpty {
                let count = try? toSocket.fill { room throws(SSHError) in
                    try channel.read(into: room)
                }
                guard let count, count > 0 else { break }
            }
            let number = socket.number
            try toSocket.drain { bytes throws(SystemError) in
                try FileDescriptor.lend(number) { stream throws(SystemError) in
                    try stream.writeOnce(bytes) ?? 0
                }
            }
            guard toSocket.isEmpty else { return false }
        }
        if toSocket.isEmpty, channel.isAtEnd, !hasEndedInput {
            hasEndedInput = true
            TCPSocket.endOutput(socket.number)
        }
        return toSocket.isEmpty && !channel.isAtEnd && channel.hasUnread
    }

    private func pumpOutput(_ isReadable: Bool) throws(SystemError) {
        if isReadable, toClient.isEmpty, !hasEndedOutput, channel.window > 0 {
            let number = socket.number
            let count = try toClient.fill(limit: channel.window) { room throws(SystemError) in
                try FileDescriptor.lend(number) { stream throws(SystemError) in
                    // Nothing there is not the end.
                    try stream.read(into: room) ?? -1
                }
            }
            if count == 0 {
                hasEndedOutput = true
                channel.sendEnd()
            }
        }
        guard !toClient.isEmpty else { return }
        do throws(SSHError) {
            try toClient.drain { bytes throws(SSHError) in try channel.write(bytes) }
        } catch {
            close()
        }
    }

    /// The owner then gives the channel back, which tells the client.
    func close() {
        isClosed = true
        socket = nil
        toSocket.clear()
        toClient.clear()
    }
}
