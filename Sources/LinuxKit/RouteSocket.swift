import Addresses
import CLinux
import Glibc

/// The kernel's network configuration, through rtnetlink(7).
package struct RouteSocket: ~Copyable {
    private let socket: FileDescriptor
    private var sequence: UInt32 = 0

    /// The longest wait for an answer; the kernel answers at once, so that more is a kernel in trouble.
    private static let patience = 5

    package init() throws(SystemError) {
        let opened = Glibc.socket(
            AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_ROUTE)
        guard opened >= 0 else { throw SystemError("open", "a netlink socket") }
        socket = FileDescriptor(adopting: opened)
        var time = timeval(tv_sec: Self.patience, tv_usec: 0)
        setsockopt(
            opened, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    // MARK: What there is

    package mutating func links() throws(SystemError) -> [Link] {
        try list(RTM_GETLINK, ifinfomsg(), "the network interfaces")
            .filter { $0.type == Int(RTM_NEWLINK) }.compactMap(Link.init)
    }

    /// The IPv4 addresses of all interfaces.
    package mutating func addresses() throws(SystemError) -> [LinkAddress] {
        var fixed = ifaddrmsg()
        fixed.ifa_family = UInt8(AF_INET)
        return try list(RTM_GETADDR, fixed, "the network addresses")
            .filter { $0.type == Int(RTM_NEWADDR) }.compactMap(LinkAddress.init)
    }

    /// The IPv4 routes of the main table.
    package mutating func routes() throws(SystemError) -> [LinkRoute] {
        var fixed = rtmsg()
        fixed.rtm_family = UInt8(AF_INET)
        return try list(RTM_GETROUTE, fixed, "the routes")
            .filter { $0.type == Int(RTM_NEWROUTE) }.compactMap(LinkRoute.init)
    }

    // MARK: What there is to be

    /// Switches an interface on or off.
    package mutating func setUp(_ wanted: Bool, _ link: Link) throws(SystemError) {
        var fixed = ifinfomsg()
        fixed.ifi_index = link.index
        fixed.ifi_change = UInt32(IFF_UP)
        fixed.ifi_flags = wanted ? UInt32(IFF_UP) : 0
        try change(
            request(RTM_NEWLINK, NLM_F_ACK, fixed), "switch \(wanted ? "on" : "off")", link.name)
    }

    package mutating func setMTU(_ mtu: UInt32, _ link: Link) throws(SystemError) {
        var fixed = ifinfomsg()
        fixed.ifi_index = link.index
        var request = request(RTM_NEWLINK, NLM_F_ACK, fixed)
        request.attribute(Int(IFLA_MTU), mtu)
        try change(request, "set the MTU \(mtu) of", link.name)
    }

    /// Gives an interface another hardware address; many must be switched off for that (EBUSY).
    package mutating func setHardwareAddress(
        _ address: HardwareAddress, _ link: Link
    ) throws(SystemError) {
        var fixed = ifinfomsg()
        fixed.ifi_index = link.index
        var request = request(RTM_NEWLINK, NLM_F_ACK, fixed)
        request.attribute(Int(IFLA_ADDRESS), address.bytes)
        try change(request, "give the hardware address \(address) to", link.name)
    }

    /// Adds an address, or gives the one that is there this lifetime.
    package mutating func setAddress(_ address: LinkAddress, _ link: Link) throws(SystemError) {
        var request = request(
            RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, fixed(address.prefix, link))
        request.attribute(Int(IFA_LOCAL), address.prefix.address.bytes)
        request.attribute(Int(IFA_ADDRESS), address.prefix.address.bytes)
        if let broadcast = address.broadcast {
            request.attribute(Int(IFA_BROADCAST), broadcast.bytes)
        }
        var times = ifa_cacheinfo()
        times.ifa_valid = address.validSeconds ?? .max
        times.ifa_prefered = times.ifa_valid
        request.attribute(Int(IFA_CACHEINFO), times)
        try change(request, "give the address \(address.prefix) to", link.name)
    }

    /// Removes an address; that there is none is no error.
    package mutating func removeAddress(
        _ prefix: IPv4Prefix, _ link: Link
    ) throws(SystemError) {
        var request = request(RTM_DELADDR, NLM_F_ACK, fixed(prefix, link))
        request.attribute(Int(IFA_LOCAL), prefix.address.bytes)
        try change(
            request, "take the address \(prefix) from", link.name, unless: EADDRNOTAVAIL)
    }

    /// Adds a route of the main table; that it is there is no error.
    /// - Parameter source: the address to send from; the kernel removes the route with it.
    package mutating func addRoute(
        _ route: IPv4Route, metric: UInt32, source: IPv4Address, _ link: Link
    ) throws(SystemError) {
        var request = request(
            RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, fixed(route, link))
        append(route, metric, link, to: &request)
        request.attribute(Int(RTA_PREFSRC.rawValue), source.bytes)
        try change(request, "add the route \(route) to", link.name, unless: EEXIST)
    }

    /// Removes a route that a DHCP client made; that there is none is no error.
    package mutating func removeRoute(
        _ route: IPv4Route, metric: UInt32, _ link: Link
    ) throws(SystemError) {
        var request = request(RTM_DELROUTE, NLM_F_ACK, fixed(route, link))
        append(route, metric, link, to: &request)
        try change(request, "remove the route \(route) from", link.name, unless: ESRCH)
    }

    private func fixed(_ prefix: IPv4Prefix, _ link: Link) -> ifaddrmsg {
        var fixed = ifaddrmsg()
        fixed.ifa_family = UInt8(AF_INET)
        fixed.ifa_prefixlen = UInt8(prefix.length)
        fixed.ifa_index = UInt32(link.index)
        // The kernel sends to other networks from no address of the link's scope. Source: RFC 3927 §2.6.
        if prefix.address.isLinkLocal { fixed.ifa_scope = UInt8(RT_SCOPE_LINK.rawValue) }
        return fixed
    }

    private func fixed(_ route: IPv4Route, _ link: Link) -> rtmsg {
        var fixed = rtmsg()
        fixed.rtm_family = UInt8(AF_INET)
        fixed.rtm_dst_len = UInt8(route.destination.length)
        fixed.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        fixed.rtm_protocol = UInt8(RTPROT_DHCP)
        fixed.rtm_scope = UInt8(
            route.gateway == nil ? RT_SCOPE_LINK.rawValue : RT_SCOPE_UNIVERSE.rawValue)
        fixed.rtm_type = UInt8(RTN_UNICAST)
        return fixed
    }

    private func append(
        _ route: IPv4Route, _ metric: UInt32, _ link: Link, to request: inout NetlinkRequest
    ) {
        if !route.isDefault {
            request.attribute(Int(RTA_DST.rawValue), route.destination.address.bytes)
        }
        if let gateway = route.gateway {
            request.attribute(Int(RTA_GATEWAY.rawValue), gateway.bytes)
        }
        request.attribute(Int(RTA_OIF.rawValue), UInt32(link.index))
        request.attribute(Int(RTA_PRIORITY.rawValue), metric)
    }

    // MARK: Conversation

    mutating func request(
        _ type: Int, _ flags: Int32, _ fixed: some BitwiseCopyable
    ) -> NetlinkRequest {
        sequence &+= 1
        return NetlinkRequest(type: type, flags: flags, sequence: sequence, fixed: fixed)
    }

    /// Sends a request and waits for its acknowledgement; `accepted` is the error that means that nothing was to be done.
    mutating func change(
        _ request: NetlinkRequest, _ operation: String, _ object: String,
        unless accepted: Int32 = 0
    ) throws(SystemError) {
        do throws(SystemError) {
            _ = try converse(request)
        } catch {
            guard error.code == accepted else {
                throw SystemError(operation, object, code: error.code)
            }
        }
    }

    mutating func list(
        _ type: Int, _ fixed: some BitwiseCopyable, _ object: String
    ) throws(SystemError) -> [NetlinkMessage] {
        // A change while the kernel lists makes it start over.
        var code = EINTR
        for _ in 0..<8 where code == EINTR {
            do throws(SystemError) {
                return try converse(request(type, NLM_F_DUMP, fixed))
            } catch {
                code = error.code
            }
        }
        throw SystemError("list", object, code: code)
    }

    /// Sends a request and collects the messages of its answer.
    private mutating func converse(
        _ request: NetlinkRequest
    ) throws(SystemError) -> [NetlinkMessage] {
        try socket.write(request.bytes)
        var answer: [NetlinkMessage] = []
        // A list is read to its end even where it is worthless: before that the socket takes no other question (EBUSY).
        var isInterrupted = false
        while true {
            guard case .bytes(let datagram) = try socket.read(atMost: 65536) else {
                throw SystemError("wait for", "the kernel's answer", code: ETIMEDOUT)
            }
            // What is left of an answer that was given up earlier has another sequence number.
            for message in NetlinkMessage.all(in: datagram) where message.sequence == sequence {
                if message.flags & NLM_F_DUMP_INTR != 0 { isInterrupted = true }
                switch message.type {
                case Int(NLMSG_DONE):
                    guard !isInterrupted else {
                        throw SystemError("list", "what changes meanwhile", code: EINTR)
                    }
                    return answer
                case Int(NLMSG_ERROR):
                    let status: Int32 = message.payload.value() ?? -EBADMSG
                    guard status == 0 else { throw SystemError("ask", "the kernel", code: -status) }
                    return answer
                default: answer.append(message)
                }
            }
        }
    }
}
