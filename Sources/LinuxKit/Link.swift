import Addresses
import CLinux

/// A network interface as the kernel describes it.
package struct Link: Equatable, Sendable {
    package let index: Int32
    package let name: String
    /// `nil` when it is no Ethernet address.
    package let hardwareAddress: HardwareAddress?
    /// In bytes.
    package let mtu: UInt32
    package let largestMTU: UInt32
    /// Whether somebody has switched it on.
    package let isUp: Bool
    /// Whether it is switched on and its cable leads to something that answers.
    package let hasCarrier: Bool
    /// How often the carrier has come; with it a loss is noticed that was over before anybody looked. Oldest kernel: 4.16.
    package let carrierUps: UInt32
    /// An Ethernet device that is hardware: made by a driver rather than by a configuration (`IFLA_INFO_KIND`), not the
    /// loopback, and not a part of a bond or bridge.
    package let isPhysicalEthernet: Bool
    /// What the routers of the link say; `nil` where IPv6 is off.
    package let router: RouterFlags?
    /// The index of the bond or bridge that it is a part of.
    package let master: Int32?

    /// Reads one RTM_NEWLINK.
    package init?(_ message: NetlinkMessage) {
        guard let fixed: ifinfomsg = message.payload.value() else { return nil }
        let attributes = message.attributes(after: MemoryLayout<ifinfomsg>.size)
        guard let name = attributes[Int(IFLA_IFNAME)]?.text, !name.isEmpty else { return nil }
        index = fixed.ifi_index
        self.name = name
        hardwareAddress = attributes[Int(IFLA_ADDRESS)].flatMap { HardwareAddress(bytes: $0) }
        mtu = attributes[Int(IFLA_MTU)]?.value() ?? 1500
        let largest: UInt32 = attributes[Int(IFLA_MAX_MTU)]?.value() ?? 0
        largestMTU = largest == 0 ? 65535 : largest
        isUp = fixed.ifi_flags & UInt32(IFF_UP) != 0
        hasCarrier = isUp && attributes[Int(IFLA_CARRIER)]?.first == 1
        carrierUps = attributes[Int(IFLA_CARRIER_UP_COUNT)]?.value() ?? 0

        let information = attributes[Int(IFLA_LINKINFO)].map(NetlinkMessage.attributes(in:)) ?? [:]
        master = attributes[Int(IFLA_MASTER)]?.value()
        isPhysicalEthernet =
            fixed.ifi_type == UInt16(ARPHRD_ETHER) && hardwareAddress != nil
            && fixed.ifi_flags & UInt32(IFF_LOOPBACK) == 0
            && information[Int(IFLA_INFO_KIND)] == nil && attributes[Int(IFLA_MASTER)] == nil
        router = RouterFlags(attributes)
    }
}

/// An IPv4 address on an interface.
package struct LinkAddress: Equatable, Sendable {
    package let index: Int32
    package let prefix: IPv4Prefix
    package let broadcast: IPv4Address?
    /// Seconds until the kernel takes it away; `nil`: never.
    package let validSeconds: UInt32?

    package init(
        index: Int32, prefix: IPv4Prefix, broadcast: IPv4Address?, validSeconds: UInt32?
    ) {
        self.index = index
        self.prefix = prefix
        self.broadcast = broadcast
        self.validSeconds = validSeconds
    }

    /// Reads one RTM_NEWADDR.
    package init?(_ message: NetlinkMessage) {
        guard let fixed: ifaddrmsg = message.payload.value() else { return nil }
        let attributes = message.attributes(after: MemoryLayout<ifaddrmsg>.size)
        guard fixed.ifa_family == UInt8(AF_INET),
            let address = attributes[Int(IFA_LOCAL)].flatMap({ IPv4Address(bytes: $0) })
        else { return nil }
        index = Int32(truncatingIfNeeded: fixed.ifa_index)
        prefix = IPv4Prefix(address, length: Int(fixed.ifa_prefixlen))
        broadcast = attributes[Int(IFA_BROADCAST)].flatMap { IPv4Address(bytes: $0) }
        let times: ifa_cacheinfo? = attributes[Int(IFA_CACHEINFO)]?.value()
        validSeconds = times.flatMap { $0.ifa_valid == .max ? nil : $0.ifa_valid }
    }
}

/// An IPv4 route of the main table.
package struct LinkRoute: Equatable, Sendable {
    package let index: Int32
    package let route: IPv4Route
    package let metric: UInt32
    /// Whether a DHCP client made it (RTPROT_DHCP).
    package let isFromDHCP: Bool

    /// Reads one RTM_NEWROUTE.
    package init?(_ message: NetlinkMessage) {
        guard let fixed: rtmsg = message.payload.value() else { return nil }
        let attributes = message.attributes(after: MemoryLayout<rtmsg>.size)
        let table: UInt32 = attributes[Int(RTA_TABLE.rawValue)]?.value() ?? UInt32(fixed.rtm_table)
        guard fixed.rtm_family == UInt8(AF_INET), table == UInt32(RT_TABLE_MAIN.rawValue),
            let index: Int32 = attributes[Int(RTA_OIF.rawValue)]?.value()
        else { return nil }
        let destination =
            attributes[Int(RTA_DST.rawValue)].flatMap { IPv4Address(bytes: $0) } ?? .unspecified
        self.index = index
        route = IPv4Route(
            to: IPv4Prefix(destination, length: Int(fixed.rtm_dst_len)),
            via: attributes[Int(RTA_GATEWAY.rawValue)].flatMap { IPv4Address(bytes: $0) })
        metric = attributes[Int(RTA_PRIORITY.rawValue)]?.value() ?? 0
        isFromDHCP = fixed.rtm_protocol == UInt8(RTPROT_DHCP)
    }
}
