import CLinux
import Glibc

/// Rings when links, addresses, routes or what routers say change. It says that something changed and not what, so that nothing is
/// lost when more changes than the kernel has room for (ENOBUFS): whoever hears it lists what there is.
package struct RouteMonitor: ~Copyable {
    private let socket: FileDescriptor

    package init() throws(SystemError) {
        socket = try Self.open([
            RTNLGRP_LINK.rawValue, RTNLGRP_IPV4_IFADDR.rawValue, RTNLGRP_IPV4_ROUTE.rawValue,
            RTNLGRP_IPV6_IFADDR.rawValue, RTNLGRP_IPV6_IFINFO.rawValue,
            RTNLGRP_IPV6_ROUTE.rawValue,
        ])
    }

    /// A socket that hears these groups.
    static func open(_ groups: [UInt32]) throws(SystemError) -> FileDescriptor {
        let type = SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let opened = Glibc.socket(AF_NETLINK, Int32(type), NETLINK_ROUTE)
        guard opened >= 0 else { throw SystemError("open", "a netlink socket") }
        let socket = FileDescriptor(adopting: opened)
        // Without a port of its own the socket is passed over when the kernel sends to groups.
        guard davit_netlink_bind(opened) == 0 else { throw SystemError("bind", "a netlink socket") }
        for group in groups {
            var number = Int32(truncatingIfNeeded: group)
            let status = setsockopt(
                opened, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number,
                socklen_t(MemoryLayout<Int32>.size))
            guard status == 0 else { throw SystemError("listen for", "changes of the network") }
        }
        return socket
    }

    /// Becomes readable (`Poll`) when something has changed.
    package var descriptor: Int32 { socket.number }

    /// Takes what has come, at most a few hundred messages of it, and says whether there was anything.
    package borrowing func drain() -> Bool {
        var rang = false
        for _ in 0..<256 {
            do throws(SystemError) {
                guard case .bytes = try socket.read(atMost: 16384) else { return rang }
            } catch {
                guard error.code == ENOBUFS else { return true }
            }
            rang = true
        }
        return rang
    }
}
