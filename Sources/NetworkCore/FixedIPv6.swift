import Addresses

/// An IPv6 address that a person has said, with its network.
package struct FixedIPv6: Equatable, Sendable {
    package let address: IPv6Address
    /// 1 to 128.
    package let prefixLength: Int
    package let gateway: IPv6Address?

    package init(address: IPv6Address, prefixLength: Int, gateway: IPv6Address?) {
        self.address = address
        self.prefixLength = prefixLength
        self.gateway = gateway
    }

    /// Whether the gateway is on no network that the interface knows by the address.
    package var isGatewayOutside: Bool {
        guard let gateway, !gateway.isLinkLocal, let its = IPAddress(bytes: gateway.bytes),
            let own = IPAddress(bytes: address.bytes)
        else { return false }
        return !its.isWithin(own, bits: prefixLength)
    }
}

extension FixedIPv6: CustomStringConvertible {
    package var description: String { "\(address)/\(prefixLength)" }
}
