import Addresses

/// The texts of the files that tell the rest of the system about the network.
package enum NetworkFiles {
    /// A resolv.conf for the servers that a person has named, all leases, and what else was learned; name servers and search domains
    /// once each, at most as many as resolvers read: one of them from IPv6 where there is one.
    package static func resolvConf(
        _ leases: [Lease], _ learned: [LearnedServers] = [], named: [IPAddress] = []
    ) -> String {
        var servers = named.map(\.description)
        var others: [String] = []
        var domains: [String] = []
        func add(_ items: [String], to list: inout [String]) {
            for item in items where !list.contains(item) { list.append(item) }
        }
        for lease in leases {
            add(lease.nameServers.map(\.description), to: &servers)
            add(lease.search + [lease.domain].compactMap { $0 }, to: &domains)
        }
        for one in learned {
            add(one.nameServers, to: &others)
            add(one.search, to: &domains)
        }
        servers = servers.prefix(others.isEmpty ? 3 : 2) + others
        let search = domains.isEmpty ? "" : "search \(domains.prefix(6).joined(separator: " "))\n"
        // Source: resolv.conf(5), MAXNS.
        return search + servers.prefix(3).map { "nameserver \($0)\n" }.joined()
    }

    /// What klibc's ipconfig leaves in /run/net-IF.conf, which initramfs-tools and its scripts read as shell: every value
    /// is an address, a number, or a name in the host-name alphabet, so nothing that a server sends can be a command.
    /// - Returns: `nil` when the interface's own name has a character that could mean something to a shell.
    package static func netConf(
        interface: String, lease: Lease, mtu: UInt32, uptime: Duration
    ) -> String? {
        let harmless = interface.utf8.allSatisfy { byte in
            DomainName.isLetterOrDigit(byte) || "-_.@".utf8.contains(byte)
        }
        guard harmless, !interface.isEmpty else { return nil }
        func address(_ address: IPv4Address?) -> String { (address ?? .unspecified).description }
        let servers = lease.nameServers
        return [
            ("DEVICE", interface), ("PROTO", lease.isFixed ? "none" : "dhcp"),
            ("IPV4ADDR", address(lease.address)), ("IPV4BROADCAST", address(lease.broadcast)),
            ("IPV4NETMASK", address(lease.prefix.mask)), ("IPV4GATEWAY", address(lease.gateway)),
            ("IPV4DNS0", address(servers.first)), ("IPV4DNS1", address(servers.dropFirst().first)),
            ("HOSTNAME", lease.hostName ?? ""), ("DNSDOMAIN", lease.domain ?? ""),
            ("NISDOMAIN", ""), ("ROOTSERVER", address(lease.server)), ("ROOTPATH", ""),
            ("filename", ""), ("UPTIME", "\(uptime.components.seconds)"),
            ("DHCPLEASETIME", "\(lease.duration?.components.seconds ?? Int64(UInt32.max))"),
            ("DOMAINSEARCH", lease.search.joined(separator: " ")), ("MTU", "\(mtu)"),
        ].map { "\($0)='\($1)'\n" }.joined()
    }
}
