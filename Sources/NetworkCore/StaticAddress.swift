import Addresses

/// One `ip=` of the kernel's command line.
///
/// Source: klibc, usr/kinit/ipconfig/README.ipconfig; dracut.cmdline(7); the kernel's Documentation/admin-guide/nfs/nfsroot.rst.
package struct StaticAddress: Equatable, Sendable {
    /// IPv4.
    package enum Method: Equatable, Sendable {
        case dhcp
        /// As written there.
        case fixed(Lease)
        case linkLocal
        /// The interface has IPv6 only.
        case none
        /// Nothing is to be done on the interface.
        case off
    }

    /// IPv6.
    package enum Method6: Equatable, Sendable {
        /// What routers advertise, and DHCPv6 where they ask for it.
        case advertised
        /// DHCPv6 is asked whatever routers advertise.
        case dhcp
        /// DHCPv6 is asked as long as there is no address by advertisements.
        case either
        case linkLocal
        /// As written there, beside what routers advertise.
        case fixed(FixedIPv6)
    }

    /// `nil`: every one, and for a fixed address the first that has a carrier.
    package var interface: String?
    package var method: Method
    package var method6 = Method6.advertised
    package var hostName: String?
    /// In bytes.
    package var mtu: UInt16?
    /// What the interface is to be given.
    package var hardwareAddress: HardwareAddress?
    /// Those that are no part of a fixed lease.
    package var nameServers: [IPAddress] = []

    /// Whether both IPv4 and IPv6 have been spoken of.
    private var isJoined = false

    /// Whether an address stands there, which only one interface can have.
    package var isFixed: Bool {
        if case .fixed = method { return true }
        if case .fixed = method6 { return true }
        return false
    }

    /// Why an `ip=` cannot be used, and for which interface it was meant, where that can be read.
    package struct Refusal: Error, Equatable, Sendable {
        package let reason: String
        package let interface: String?
    }

    /// Reads what stands behind `ip=`, in these forms; a field may be left empty, and an IPv6 address stands in brackets:
    ///
    ///     METHOD
    ///     INTERFACE
    ///     INTERFACE:METHOD[:MTU[:MAC]]
    ///     ADDRESS[:PEER:GATEWAY:MASK:HOSTNAME:INTERFACE:METHOD[:DNS[:DNS[:NTP]]]]
    ///     ADDRESS:PEER:GATEWAY:MASK:HOSTNAME:INTERFACE:METHOD:MTU[:MAC]
    ///
    /// An address with the methods `dhcp` and `both`, or one of IPv6, is asked for, as dracut has it; with all others it is
    /// taken as it is, as the kernel and klibc have it.
    /// - Throws: `Refusal`.
    package init(parsing text: some StringProtocol) throws(Refusal) {
        let fields = Self.fields(of: String(text))
        let first = fields.first ?? ""
        let isAddress = first.hasPrefix("[") || IPv4Address(parsing: first) != nil
        if fields.count == 1, !isAddress {
            if Self.isKnown(first) {
                self.init(interface: nil, method: .dhcp)
                try setMethod(first)
            } else {
                self.init(interface: try Self.interface(first), method: .dhcp)
            }
            return
        }
        let second = fields.count > 1 ? fields[1] : ""
        let isShort = !second.isEmpty && (fields.count == 2 || Self.isKnown(second))
        if isShort, !isAddress, !first.isEmpty {
            self.init(interface: try Self.interface(first), method: .dhcp)
            try setMethod(second)
            try setLink(fields.dropFirst(2))
            return
        }
        try self.init(long: fields)
    }

    private init(interface: String?, method: Method) {
        self.interface = interface
        self.method = method
    }

    private init(long fields: [String]) throws(Refusal) {
        func field(_ place: Int) -> String { place < fields.count ? fields[place] : "" }
        self.init(
            interface: field(5).isEmpty ? nil : try Self.interface(field(5)), method: .dhcp)
        try setMethod(field(6))
        if !field(4).isEmpty {
            hostName = DomainName.checked(field(4))
            if hostName == nil { throw refusal("'\(field(4))' is no host name") }
        }
        let servers = try readTail(fields.dropFirst(7))
        nameServers = servers.prefix(2).compactMap { $0 }
        let asksServer = ["dhcp", "both", "single-dhcp"].contains(field(6)) || method == .none
        guard !field(0).isEmpty, !asksServer else { return }

        guard let address = Self.address(field(0)), address.isHost else {
            throw refusal("'\(field(0))' is no address of a machine")
        }
        var gateway: IPAddress?
        if !field(2).isEmpty {
            gateway = Self.address(field(2))
            guard let gateway, gateway.isHost, gateway != address,
                gateway.isVersion4 == address.isVersion4
            else { throw refusal("'\(field(2))' is no gateway") }
        }
        if let address = IPv4Address(bytes: address.bytes) {
            let lease = Lease(
                fixed: try prefix(address, mask: field(3)),
                gateway: gateway.flatMap { IPv4Address(bytes: $0.bytes) },
                nameServers: nameServers.compactMap { IPv4Address(bytes: $0.bytes) },
                timeServers: servers.dropFirst(2).compactMap { server in
                    server.flatMap { IPv4Address(bytes: $0.bytes) }
                },
                hostName: hostName, mtu: mtu)
            nameServers.removeAll(where: \.isVersion4)
            method = .fixed(lease)
        } else if let address = IPv6Address(bytes: address.bytes) {
            guard let length = field(3).isEmpty ? 64 : UInt8(field(3)), (1...128).contains(length)
            else { throw refusal("'\(field(3))' is no length of an IPv6 prefix") }
            method = .none
            method6 = .fixed(
                FixedIPv6(
                    address: address, prefixLength: Int(length),
                    gateway: gateway.flatMap { IPv6Address(bytes: $0.bytes) }))
        }
    }

    private func refusal(_ reason: String) -> Refusal {
        Refusal(reason: reason, interface: interface)
    }

    /// Takes what another `ip=` for the same interface says of the other of IPv4 and IPv6.
    /// - Returns: `false` where both speak of the same.
    package mutating func join(_ other: StaticAddress) -> Bool {
        guard !isJoined, method != .off, other.method != .off,
            (method == .none) != (other.method == .none)
        else { return false }
        isJoined = true
        if method == .none { method = other.method } else { method6 = other.method6 }
        hostName = hostName ?? other.hostName
        mtu = mtu ?? other.mtu
        hardwareAddress = hardwareAddress ?? other.hardwareAddress
        nameServers += other.nameServers
        return true
    }

    // MARK: What stands behind the method

    /// Reads `[DNS[:DNS[:NTP]]]` or `[MTU[:MAC]]`.
    private mutating func readTail(
        _ tail: ArraySlice<String>
    ) throws(Refusal) -> [IPAddress?] {
        let first = tail.first ?? ""
        guard Self.address(first) != nil || first.isEmpty && tail.count <= 3 else {
            try setLink(tail)
            return []
        }
        if let rest = tail.dropFirst(3).first(where: { !$0.isEmpty }) {
            throw refusal("'\(rest)' stands behind the name servers")
        }
        var servers: [IPAddress?] = []
        for text in tail.prefix(3) {
            let server = Self.address(text)
            guard text.isEmpty || server?.isHost == true else {
                throw refusal("'\(text)' is no address of a server")
            }
            servers.append(server)
        }
        return servers
    }

    /// Reads `[MTU[:MAC]]`; the six parts of the address stand between colons, too.
    private mutating func setLink(_ fields: ArraySlice<String>) throws(Refusal) {
        guard let first = fields.first else { return }
        if !first.isEmpty {
            guard let number = UInt16(first), number >= 576 else {
                throw refusal("'\(first)' is no MTU")
            }
            mtu = number
        }
        let parts = fields.dropFirst()
        guard parts.contains(where: { !$0.isEmpty }) else { return }
        let text = parts.joined(separator: ":")
        guard let address = HardwareAddress(parsing: text), address.isHost else {
            throw refusal("'\(text)' is no hardware address of a machine")
        }
        hardwareAddress = address
    }

    private mutating func setMethod(_ word: String) throws(Refusal) {
        switch word {
        case "", "dhcp", "on", "any", "both", "bootp", "rarp", "single-dhcp", "dhcp4", "either":
            method = .dhcp
        case "none", "off", "static": method = .off
        case "link-local": method = .linkLocal
        case "auto6": method = .none
        case "dhcp6": (method, method6) = (.none, .dhcp)
        case "either6": (method, method6) = (.none, .either)
        case "link6": (method, method6) = (.none, .linkLocal)
        case "ibft": throw refusal("davit does not read the firmware's iSCSI settings (iBFT)")
        default: throw refusal("'\(word)' is no method")
        }
    }

    /// Whether a word is a method, also one that cannot be used.
    private static func isKnown(_ word: String) -> Bool {
        if word == "ibft" { return true }
        var trial = StaticAddress(interface: nil, method: .dhcp)
        return (try? trial.setMethod(word)) != nil
    }

    // MARK: Fields

    /// Separated by colons outside of brackets.
    private static func fields(of text: String) -> [String] {
        var fields = [""]
        var depth = 0
        for character in text {
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            if character == ":", depth <= 0 {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
        }
        return fields
    }

    /// An IPv4 address, or one of IPv6 in brackets.
    private static func address(_ text: String) -> IPAddress? {
        guard text.hasPrefix("["), text.hasSuffix("]") else {
            return IPv4Address(parsing: text).flatMap { IPAddress(bytes: $0.bytes) }
        }
        return IPAddress(text.dropFirst().dropLast()).flatMap { $0.isVersion4 ? nil : $0 }
    }

    private static func interface(_ name: String) throws(Refusal) -> String {
        guard InterfaceName.isValid(name) else {
            throw Refusal(reason: "no interface can be called '\(name)'", interface: nil)
        }
        return name
    }

    private func prefix(_ address: IPv4Address, mask: String) throws(Refusal) -> IPv4Prefix {
        if mask.isEmpty {
            return IPv4Prefix(address, length: Lease.classfulLength(address))
        }
        if let length = UInt8(mask), (1...32).contains(length) {
            return IPv4Prefix(address, length: Int(length))
        }
        if let mask = IPv4Address(parsing: mask), mask != .unspecified,
            let prefix = IPv4Prefix(address, mask: mask)
        {
            return prefix
        }
        throw refusal("'\(mask)' is no network mask")
    }
}
