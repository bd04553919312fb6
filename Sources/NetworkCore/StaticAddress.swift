import Addresses

/// One `ip=` of the kernel's command line.
///
/// Source: klibc, usr/kinit/ipconfig/README.ipconfig; dracut.cmdline(7); the kernel's Documentation/admin-guide/nfs/nfsroot.rst.
package struct StaticAddress: Equatable, Sendable {
    package enum Method: Equatable, Sendable {
        case dhcp
        /// As written there.
        case fixed(Lease)
        case linkLocal
        /// IPv6 only.
        case ipv6
        /// Nothing is to be done.
        case off
    }

    /// `nil`: every one, and for a fixed address the first that has a carrier.
    package var interface: String?
    package var method: Method
    package var hostName: String?
    /// In bytes.
    package var mtu: UInt16?

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
    /// An address with the methods `dhcp` and `both` is asked for by DHCP, as dracut has it; with all others it is
    /// taken as it is, as the kernel and klibc have it.
    /// - Throws: `Refusal`.
    package init(parsing text: some StringProtocol) throws(Refusal) {
        let fields = Self.fields(of: String(text))
        let first = fields.first ?? ""
        if fields.count == 1, IPv4Address(parsing: first) == nil {
            if let method = Self.method(first) {
                self.init(interface: nil, method: method)
            } else {
                self.init(interface: try Self.interface(first), method: .dhcp)
            }
            return
        }
        let second = fields.count > 1 ? fields[1] : ""
        let isShort = !second.isEmpty && (fields.count == 2 || Self.method(second) != nil)
        if isShort, IPv4Address(parsing: first) == nil, !first.isEmpty {
            let interface = try Self.interface(first)
            guard let method = Self.method(second) else {
                throw Refusal(reason: "'\(second)' is no method", interface: interface)
            }
            self.init(interface: interface, method: method)
            try setTail(fields.dropFirst(2))
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
        let interface = field(5).isEmpty ? nil : try Self.interface(field(5))
        func refuse(_ reason: String) -> Refusal { Refusal(reason: reason, interface: interface) }
        guard let named = Self.method(field(6)) else {
            throw refuse("'\(field(6))' is no method")
        }
        self.init(interface: interface, method: named)
        if !field(4).isEmpty {
            hostName = DomainName.checked(field(4))
            if hostName == nil { throw refuse("'\(field(4))' is no host name") }
        }
        guard fields.allSatisfy({ !$0.hasPrefix("[") }) else {
            throw refuse("IPv6 addresses come by router advertisements and DHCPv6, not by ip=")
        }
        let tail = fields.dropFirst(7)
        let isTailDNS = tail.first.map { $0.isEmpty || IPv4Address(parsing: $0) != nil } ?? true
        if !isTailDNS || tail.count > 3 { try setTail(tail) }
        let asksServer = ["dhcp", "both", "single-dhcp"].contains(field(6))
        guard !field(0).isEmpty, !asksServer else { return }

        guard let address = IPv4Address(parsing: field(0)), address.isHost else {
            throw refuse("'\(field(0))' is no address of a machine")
        }
        let prefix = try Self.prefix(address, mask: field(3), for: interface)
        var gateway: IPv4Address?
        if !field(2).isEmpty {
            gateway = IPv4Address(parsing: field(2))
            guard let gateway, gateway.isHost, gateway != address else {
                throw refuse("'\(field(2))' is no gateway")
            }
        }
        var servers: [IPv4Address] = []
        for text in isTailDNS ? tail.prefix(3) : [] where !text.isEmpty {
            guard let server = IPv4Address(parsing: text), server.isHost else {
                throw refuse("'\(text)' is no address of a server")
            }
            servers.append(server)
        }
        let hasTimeServer = isTailDNS && tail.count >= 3 && tail.last?.isEmpty == false
        method = .fixed(
            Lease(
                fixed: prefix, gateway: gateway,
                nameServers: hasTimeServer ? servers.dropLast() : servers,
                timeServers: hasTimeServer ? Array(servers.suffix(1)) : [], hostName: hostName,
                mtu: mtu))
    }

    /// Reads `[MTU[:MAC]]`.
    private mutating func setTail(_ fields: ArraySlice<String>) throws(Refusal) {
        guard let text = fields.first else { return }
        if !text.isEmpty {
            guard let number = UInt16(text), number >= 576 else {
                throw Refusal(reason: "'\(text)' is no MTU", interface: interface)
            }
            mtu = number
        }
        guard fields.dropFirst().allSatisfy(\.isEmpty) else {
            throw Refusal(
                reason: "davit does not change hardware addresses", interface: interface)
        }
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

    private static func method(_ word: String) -> Method? {
        switch word {
        case "", "dhcp", "on", "any", "both", "bootp", "rarp", "single-dhcp", "dhcp4", "either":
            .dhcp
        case "none", "off", "static": .off
        case "link-local": .linkLocal
        case "dhcp6", "auto6", "either6", "link6": .ipv6
        default: nil
        }
    }

    private static func interface(_ name: String) throws(Refusal) -> String {
        guard InterfaceName.isValid(name) else {
            throw Refusal(reason: "no interface can be called '\(name)'", interface: nil)
        }
        return name
    }

    private static func prefix(
        _ address: IPv4Address, mask: String, for interface: String?
    ) throws(Refusal) -> IPv4Prefix {
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
        throw Refusal(reason: "'\(mask)' is no network mask", interface: interface)
    }
}
