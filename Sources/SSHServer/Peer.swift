import Addresses
import LinuxKit
import SSHCore

/// Both ends of a connection.
package struct Peer: Sendable, CustomStringConvertible {
    package let address: IPAddress
    let port: UInt16
    let localAddress: IPAddress
    let localPort: UInt16

    /// `nil` when the other end is gone already.
    package init?(_ descriptor: Int32) {
        guard let theirs = TCPSocket.peer(of: descriptor),
            let ours = TCPSocket.local(of: descriptor),
            let address = IPAddress(bytes: theirs.address),
            let localAddress = IPAddress(bytes: ours.address)
        else { return nil }
        self.address = address
        port = theirs.port
        self.localAddress = localAddress
        localPort = ours.port
    }

    package var description: String { "\(ListenAddress(address: address, port: port))" }

    /// As OpenSSH's sshd puts it into SSH_CONNECTION.
    var connection: String { "\(address) \(port) \(localAddress) \(localPort)" }
}
