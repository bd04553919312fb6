import CLinux
import Glibc

/// Interfaces that are made by configuration. Where the kernel lacks a kind of them it answers EOPNOTSUPP, after it has tried
/// to load the module by modprobe(8).
extension RouteSocket {
    /// Makes a VLAN; that there is an interface of the name already is no error. Source: IEEE 802.1Q; vlan_newlink in
    /// net/8021q/vlan_netlink.c.
    package mutating func addVLAN(
        _ name: String, number: UInt16, on parent: Link
    ) throws(SystemError) {
        var request = newLink(name)
        request.attribute(Int(IFLA_LINK), UInt32(parent.index))
        request.attribute(
            Int(IFLA_LINKINFO), Self.information("vlan", [(Int(IFLA_VLAN_ID), bytes(of: number))]))
        try change(request, "make the VLAN \(number) on \(parent.name) as", name, unless: EEXIST)
    }

    /// What a bond can be told; the numbers are those of the kernel.
    package enum BondSetting: Sendable {
        case mode(UInt8), failOverMAC(UInt8), hashPolicy(UInt8), selection(UInt8), lacpRate(UInt8)
        /// Milliseconds.
        case monitorInterval(UInt32), upDelay(UInt32), downDelay(UInt32)
        /// The index of the part that is preferred; only for a bond that has it.
        case primary(Int32)

        fileprivate var attribute: (Int, [UInt8]) {
            switch self {
            case .mode(let value): (Int(IFLA_BOND_MODE), [value])
            case .failOverMAC(let value): (Int(IFLA_BOND_FAIL_OVER_MAC), [value])
            case .hashPolicy(let value): (Int(IFLA_BOND_XMIT_HASH_POLICY), [value])
            case .selection(let value): (Int(IFLA_BOND_AD_SELECT), [value])
            case .lacpRate(let value): (Int(IFLA_BOND_AD_LACP_RATE), [value])
            case .monitorInterval(let value): (Int(IFLA_BOND_MIIMON), bytes(of: value))
            case .upDelay(let value): (Int(IFLA_BOND_UPDELAY), bytes(of: value))
            case .downDelay(let value): (Int(IFLA_BOND_DOWNDELAY), bytes(of: value))
            case .primary(let index): (Int(IFLA_BOND_PRIMARY), bytes(of: index))
            }
        }
    }

    /// Makes a bond without parts; that there is an interface of the name already is no error. Source: bond_newlink in
    /// drivers/net/bonding/bond_netlink.c.
    package mutating func addBond(
        _ name: String, _ settings: [BondSetting]
    ) throws(SystemError) {
        var request = newLink(name)
        request.attribute(
            Int(IFLA_LINKINFO), Self.information("bond", settings.map(\.attribute)))
        try change(request, "make the bond", name, unless: EEXIST)
    }

    /// Changes a bond that is there.
    package mutating func change(
        _ bond: Link, _ setting: BondSetting
    ) throws(SystemError) {
        var fixed = ifinfomsg()
        fixed.ifi_index = bond.index
        var request = request(RTM_NEWLINK, NLM_F_ACK, fixed)
        request.attribute(Int(IFLA_LINKINFO), Self.information("bond", [setting.attribute]))
        try change(request, "set up the bond", bond.name)
    }

    /// Makes an interface, which must be switched off, a part of a bond, which switches it on.
    package mutating func join(_ part: Link, to bond: Link) throws(SystemError) {
        var fixed = ifinfomsg()
        fixed.ifi_index = part.index
        var request = request(RTM_NEWLINK, NLM_F_ACK, fixed)
        request.attribute(Int(IFLA_MASTER), UInt32(bond.index))
        try change(request, "make \(part.name) a part of", bond.name)
    }

    /// Removes an interface that was made by configuration; that there is none is no error.
    package mutating func removeLink(_ link: Link) throws(SystemError) {
        var fixed = ifinfomsg()
        fixed.ifi_index = link.index
        try change(request(RTM_DELLINK, NLM_F_ACK, fixed), "remove", link.name, unless: ENODEV)
    }

    private mutating func newLink(_ name: String) -> NetlinkRequest {
        var request = request(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, ifinfomsg())
        request.attribute(Int(IFLA_IFNAME), Array(name.utf8) + [0])
        return request
    }

    /// The value of IFLA_LINKINFO: the kind and what belongs to it.
    private static func information(_ kind: String, _ data: [(Int, [UInt8])]) -> [UInt8] {
        let settings = data.reduce(into: [UInt8]()) { $0 += NetlinkRequest.attribute($1.0, $1.1) }
        return NetlinkRequest.attribute(Int(IFLA_INFO_KIND), Array(kind.utf8))
            + NetlinkRequest.attribute(Int(IFLA_INFO_DATA), settings)
    }
}

/// In the machine's byte order, as netlink has it.
private func bytes(of value: some BitwiseCopyable) -> [UInt8] {
    withUnsafeBytes(of: value) { Array($0) }
}
