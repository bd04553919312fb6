import Addresses

/// The texts of the files that tell the rest of the system about the network.
package enum NetworkFiles {
    /// A resolv.conf for all leases; name servers and search domains once each, at most as many as resolvers read.
    package static func resolvConf(_ leases: [Lease]) -> String {
        var servers: [IPv4Address] = []
        var domains: [String] = []
        for lease in leases {
            for server in lease.nameServers where !servers.contains(server) {
                servers.append(server)
            }
            for domain in lease.search + [lease.domain].compactMap({ $0 })
            where !domains.contains(domain) {
                domains.append(domain)
            }
        }
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
