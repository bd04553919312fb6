import CLinux
import Glibc

/// What router advertisements bring that the kernel does not keep, as they come.
/// Source: ndisc_ra_useropt in net/ipv6/ndisc.c; inet6_prefix_notify in net/ipv6/addrconf.c.
package struct RouterNews: ~Copyable {
    private let socket: FileDescriptor

    /// An advertisement, or a part of one, on an interface.
    package struct Event: Sendable {
        package let index: Int32
        /// The options that the kernel leaves to programs; empty where this part of the advertisement had none.
        package let options: ArraySlice<UInt8>
    }

    /// - Throws: also where the kernel has no IPv6.
    package init() throws(SystemError) {
        socket = try RouteMonitor.open(
            [RTNLGRP_ND_USEROPT.rawValue, RTNLGRP_IPV6_PREFIX.rawValue])
    }

    /// Becomes readable (`Poll`) when an advertisement has come.
    package var descriptor: Int32 { socket.number }

    /// Takes what has come, at most 256 messages. What is lost in a flood comes again: routers repeat themselves.
    package borrowing func take() -> [Event] {
        var events: [Event] = []
        for _ in 0..<256 {
            do throws(SystemError) {
                guard case .bytes(let datagram) = try socket.read(atMost: 16384) else { break }
                events += NetlinkMessage.all(in: datagram).compactMap(Self.event)
            } catch {
                guard error.code == ENOBUFS else { break }
            }
        }
        return events
    }

    private static func event(_ message: NetlinkMessage) -> Event? {
        switch message.type {
        case Int(RTM_NEWPREFIX):
            guard let fixed: prefixmsg = message.payload.value() else { return nil }
            return Event(index: fixed.prefix_ifindex, options: [])
        case Int(RTM_NEWNDUSEROPT):
            guard let fixed: nduseroptmsg = message.payload.value() else { return nil }
            let options = message.payload.dropFirst(MemoryLayout<nduseroptmsg>.size)
            return Event(
                index: fixed.nduseropt_ifindex,
                options: options.prefix(Int(fixed.nduseropt_opts_len)))
        default: return nil
        }
    }
}
