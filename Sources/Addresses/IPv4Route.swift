/// A way to a network: through a gateway, or directly on the link.
package struct IPv4Route: Hashable, Sendable {
    /// Where it leads; bits behind the prefix are zero. 0.0.0.0/0 is the default route.
    package let destination: IPv4Prefix
    /// `nil`: the destination is on the link.
    package let gateway: IPv4Address?

    package init(to destination: IPv4Prefix, via gateway: IPv4Address?) {
        self.destination = destination.network
        self.gateway = gateway
    }

    package static func `default`(via gateway: IPv4Address?) -> IPv4Route {
        IPv4Route(to: IPv4Prefix(.unspecified, length: 0), via: gateway)
    }

    package var isDefault: Bool { destination.length == 0 }
}

extension IPv4Route: CustomStringConvertible {
    package var description: String {
        let way = gateway.map { "via \($0)" } ?? "on the link"
        return "\(isDefault ? "default" : destination.description) \(way)"
    }
}
