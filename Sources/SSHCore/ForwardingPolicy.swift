import Addresses

/// Where connections may be forwarded: ports of this machine's loopback, and no other machine ever.
///
/// A rescue system that forwarded anywhere would be a bridge into the network that it stands in.
package struct ForwardingPolicy: Sendable, Equatable {
    /// The exporter's (iSCSI, RFC 7143 §14).
    package static let exporterPort: UInt16 = 3260

    /// What the server allows; empty for nothing at all.
    package let ports: [UInt16]

    package init(ports: [UInt16] = [Self.exporterPort]) { self.ports = ports }

    /// Where to connect to, or why not.
    package enum Answer: Sendable, Equatable {
        case allowed(IPAddress)
        case refused(String)
    }

    /// What a client gets that asks for a connection, as the server and the key that logged in allow it.
    /// - Parameter host: as the client says it; names other than localhost are never looked up.
    package func answer(
        for host: String, _ port: UInt16, _ rights: AuthorizedKey.Rights
    ) -> Answer {
        guard rights.mayForward else {
            return .refused("its key has no-port-forwarding, or restrict")
        }
        guard ports.contains(port), let address = Self.loopback(host) else {
            return .refused("only ports of the loopback that davit.conf names can be had")
        }
        if let targets = rights.forwardingTargets,
            !targets.contains(where: { Self.permits($0, host, port) })
        {
            return .refused("permitopen= of its key does not name it")
        }
        return .allowed(address)
    }

    private static func loopback(_ host: String) -> IPAddress? {
        if host.lowercased() == "localhost" { return IPAddress(bytes: [127, 0, 0, 1]) }
        guard let address = IPAddress(host) else { return nil }
        let isLoopback =
            address.isVersion4
            ? address.bytes.first == 127
            : address.bytes.dropLast().allSatisfy { $0 == 0 } && address.bytes.last == 1
        return isLoopback ? address : nil
    }

    /// Whether `permitopen=` means this target; its host stands there as the client says it, its port may be `*`.
    /// Source: sshd(8), permitopen.
    private static func permits(_ target: String, _ host: String, _ port: UInt16) -> Bool {
        guard let colon = target.lastIndex(of: ":") else { return false }
        var allowed = target[..<colon]
        if allowed.first == "[", allowed.last == "]" { allowed = allowed.dropFirst().dropLast() }
        let allowedPort = target[target.index(after: colon)...]
        return allowed.lowercased() == host.lowercased()
            && (allowedPort == "*" || UInt16(allowedPort) == port)
    }
}
