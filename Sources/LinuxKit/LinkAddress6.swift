import Addresses
import CLinux
import Glibc

/// An IPv6 address on an interface.
package struct LinkAddress6: Equatable, Sendable {
    package let index: Int32
    package let address: IPv6Address
    package let prefixLength: Int
    /// Seconds until the kernel takes it away, and until it is no longer preferred; UInt32.max: never.
    package let valid: UInt32
    package let preferred: UInt32
    /// Nobody knows yet whether somebody else has it.
    package let isTentative: Bool
    /// Somebody else has it.
    package let isDuplicate: Bool

    package init(
        index: Int32, address: IPv6Address, prefixLength: Int, valid: UInt32, preferred: UInt32
    ) {
        self.index = index
        self.address = address
        self.prefixLength = prefixLength
        self.valid = valid
        self.preferred = preferred
        isTentative = false
        isDuplicate = false
    }

    /// Reads one RTM_NEWADDR.
    package init?(_ message: NetlinkMessage) {
        guard let fixed: ifaddrmsg = message.payload.value(),
            fixed.ifa_family == UInt8(AF_INET6)
        else { return nil }
        let attributes = message.attributes(after: MemoryLayout<ifaddrmsg>.size)
        let own = attributes[Int(IFA_LOCAL)] ?? attributes[Int(IFA_ADDRESS)]
        guard let address = own.flatMap({ IPv6Address(bytes: $0) }) else { return nil }
        index = Int32(truncatingIfNeeded: fixed.ifa_index)
        self.address = address
        prefixLength = Int(fixed.ifa_prefixlen)
        let times: ifa_cacheinfo? = attributes[Int(IFA_CACHEINFO)]?.value()
        valid = times?.ifa_valid ?? .max
        preferred = times?.ifa_prefered ?? .max
        let flags: UInt32 = attributes[Int(IFA_FLAGS)]?.value() ?? UInt32(fixed.ifa_flags)
        isTentative = flags & UInt32(IFA_F_TENTATIVE) != 0
        isDuplicate = flags & UInt32(IFA_F_DADFAILED) != 0
    }
}

extension RouteSocket {
    /// The IPv6 addresses of all interfaces.
    package mutating func addresses6() throws(SystemError) -> [LinkAddress6] {
        var fixed = ifaddrmsg()
        fixed.ifa_family = UInt8(AF_INET6)
        return try list(RTM_GETADDR, fixed, "the IPv6 addresses")
            .filter { $0.type == Int(RTM_NEWADDR) }.compactMap(LinkAddress6.init)
    }

    /// Adds an address, or gives the one that is there this lifetime; with a route to its prefix where that is more than the address
    /// itself. Oldest kernel: 3.14.
    package mutating func setAddress(_ address: LinkAddress6, _ link: Link) throws(SystemError) {
        let flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE
        var request = request(RTM_NEWADDR, flags, fixed(address, link))
        request.attribute(Int(IFA_LOCAL), address.address.bytes)
        let isAlone = address.prefixLength == 128
        request.attribute(Int(IFA_FLAGS), isAlone ? UInt32(IFA_F_NOPREFIXROUTE) : 0)
        var times = ifa_cacheinfo()
        times.ifa_valid = address.valid
        times.ifa_prefered = address.preferred
        request.attribute(Int(IFA_CACHEINFO), times)
        try change(request, "give the address \(address.address) to", link.name)
    }

    /// Removes an address; that there is none is no error.
    package mutating func removeAddress(_ address: LinkAddress6, _ link: Link) throws(SystemError) {
        var request = request(RTM_DELADDR, NLM_F_ACK, fixed(address, link))
        request.attribute(Int(IFA_LOCAL), address.address.bytes)
        try change(
            request, "take the address \(address.address) from", link.name, unless: EADDRNOTAVAIL)
    }

    private func fixed(_ address: LinkAddress6, _ link: Link) -> ifaddrmsg {
        var fixed = ifaddrmsg()
        fixed.ifa_family = UInt8(AF_INET6)
        fixed.ifa_prefixlen = UInt8(clamping: address.prefixLength)
        fixed.ifa_index = UInt32(link.index)
        return fixed
    }
}
