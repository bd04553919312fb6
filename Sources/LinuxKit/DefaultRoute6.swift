import Addresses
import CLinux
import Glibc

/// A default route of IPv6 in the main table.
package struct DefaultRoute6: Equatable, Sendable {
    package let index: Int32
    /// `nil` where it leads through none, or through several.
    package let gateway: IPv6Address?
    package let metric: UInt32
    /// Whether configuration made it, rather than an advertisement (RTPROT_STATIC).
    package let isStatic: Bool

    /// Reads one RTM_NEWROUTE; `nil` for any other route.
    package init?(_ message: NetlinkMessage) {
        guard let fixed: rtmsg = message.payload.value() else { return nil }
        let attributes = message.attributes(after: MemoryLayout<rtmsg>.size)
        let table: UInt32 = attributes[Int(RTA_TABLE.rawValue)]?.value() ?? UInt32(fixed.rtm_table)
        guard fixed.rtm_family == UInt8(AF_INET6), fixed.rtm_dst_len == 0,
            fixed.rtm_type == UInt8(RTN_UNICAST), table == UInt32(RT_TABLE_MAIN.rawValue),
            let index: Int32 = attributes[Int(RTA_OIF.rawValue)]?.value()
        else { return nil }
        self.index = index
        gateway = attributes[Int(RTA_GATEWAY.rawValue)].flatMap { IPv6Address(bytes: $0) }
        metric = attributes[Int(RTA_PRIORITY.rawValue)]?.value() ?? 0
        isStatic = fixed.rtm_protocol == UInt8(RTPROT_STATIC)
    }
}

extension RouteSocket {
    /// The default routes of IPv6 on all interfaces.
    package mutating func defaultRoutes6() throws(SystemError) -> [DefaultRoute6] {
        var fixed = rtmsg()
        fixed.rtm_family = UInt8(AF_INET6)
        return try list(RTM_GETROUTE, fixed, "the IPv6 routes")
            .filter { $0.type == Int(RTM_NEWROUTE) }.compactMap(DefaultRoute6.init)
    }

    /// Adds a default route, and where the gateway is outside of all networks of the link the route to it; that they are there is
    /// no error.
    package mutating func addDefaultRoute6(
        via gateway: IPv6Address, isOutside: Bool, metric: UInt32, _ link: Link
    ) throws(SystemError) {
        let flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
        if isOutside {
            var request = request(RTM_NEWROUTE, flags, fixed(length: 128))
            request.attribute(Int(RTA_DST.rawValue), gateway.bytes)
            append(metric, link, to: &request)
            try change(request, "add the route \(gateway) to", link.name, unless: EEXIST)
        }
        var request = request(RTM_NEWROUTE, flags, fixed(length: 0))
        request.attribute(Int(RTA_GATEWAY.rawValue), gateway.bytes)
        append(metric, link, to: &request)
        try change(request, "add the route default via \(gateway) to", link.name, unless: EEXIST)
    }

    /// Removes what `addDefaultRoute6` made; that there is none is no error.
    package mutating func removeDefaultRoute6(
        via gateway: IPv6Address, isOutside: Bool, metric: UInt32, _ link: Link
    ) throws(SystemError) {
        var request = request(RTM_DELROUTE, NLM_F_ACK, fixed(length: 0))
        request.attribute(Int(RTA_GATEWAY.rawValue), gateway.bytes)
        append(metric, link, to: &request)
        try change(
            request, "remove the route default via \(gateway) from", link.name, unless: ESRCH)
        guard isOutside else { return }
        request = self.request(RTM_DELROUTE, NLM_F_ACK, fixed(length: 128))
        request.attribute(Int(RTA_DST.rawValue), gateway.bytes)
        append(metric, link, to: &request)
        try change(request, "remove the route \(gateway) from", link.name, unless: ESRCH)
    }

    private func fixed(length: UInt8) -> rtmsg {
        var fixed = rtmsg()
        fixed.rtm_family = UInt8(AF_INET6)
        fixed.rtm_dst_len = length
        fixed.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        fixed.rtm_protocol = UInt8(RTPROT_STATIC)
        fixed.rtm_scope = UInt8(RT_SCOPE_UNIVERSE.rawValue)
        fixed.rtm_type = UInt8(RTN_UNICAST)
        return fixed
    }

    private func append(_ metric: UInt32, _ link: Link, to request: inout NetlinkRequest) {
        request.attribute(Int(RTA_OIF.rawValue), UInt32(link.index))
        request.attribute(Int(RTA_PRIORITY.rawValue), metric)
    }
}
