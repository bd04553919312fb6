import CLinux
import Glibc

/// What the last router advertisement on a link said besides prefixes and routes, as the kernel keeps it.
/// Source: IF_RA_… in include/net/if_inet6.h, which is not among the kernel's headers for programs.
package struct RouterFlags: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let received = RouterFlags(rawValue: 0x20)
    /// Addresses are to be had by DHCPv6.
    package static let managed = RouterFlags(rawValue: 0x40)
    /// Other information is to be had by DHCPv6.
    package static let other = RouterFlags(rawValue: 0x80)

    /// - Parameter attributes: those of one RTM_NEWLINK.
    init?(_ attributes: [Int: ArraySlice<UInt8>]) {
        guard let families = attributes[Int(IFLA_AF_SPEC)].map(NetlinkMessage.attributes(in:)),
            let own = families[Int(AF_INET6)].map(NetlinkMessage.attributes(in:)),
            let flags: UInt32 = own[Int(IFLA_INET6_FLAGS)]?.value()
        else { return nil }
        rawValue = flags
    }
}
