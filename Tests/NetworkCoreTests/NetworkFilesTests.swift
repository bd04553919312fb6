import Addresses
import NetworkCore
import Testing

@Suite struct NetworkFilesTests {
    static func lease(_ changes: [UInt8: [UInt8]?] = [:]) throws -> Lease {
        try LeaseTests.lease(
            [
                3: [192, 0, 2, 1], 6: [192, 0, 2, 2], 12: Array("box".utf8),
                15: Array("example.org".utf8),
            ].merging(changes) { $1 })
    }

    @Test func netConfIsWhatIpconfigWrites() throws {
        let text = NetworkFiles.netConf(
            interface: "eth0", lease: try Self.lease(), mtu: 1500, uptime: .milliseconds(12_345))
        #expect(
            text == """
                DEVICE='eth0'
                PROTO='dhcp'
                IPV4ADDR='192.0.2.5'
                IPV4BROADCAST='192.0.2.255'
                IPV4NETMASK='255.255.255.0'
                IPV4GATEWAY='192.0.2.1'
                IPV4DNS0='192.0.2.2'
                IPV4DNS1='0.0.0.0'
                HOSTNAME='box'
                DNSDOMAIN='example.org'
                NISDOMAIN=''
                ROOTSERVER='192.0.2.1'
                ROOTPATH=''
                filename=''
                UPTIME='12'
                DHCPLEASETIME='3600'
                DOMAINSEARCH=''
                MTU='1500'

                """)
    }

    @Test func netConfOfWhatAPersonHasSaid() throws {
        let lease = Lease(
            fixed: IPv4Prefix(IPv4Address(192, 0, 2, 5), length: 24), gateway: nil,
            nameServers: [IPv4Address(192, 0, 2, 2), IPv4Address(192, 0, 2, 3)],
            hostName: nil, mtu: 1400)
        let text = try #require(
            NetworkFiles.netConf(
                interface: "enp3s0f1.5@x-y_z", lease: lease, mtu: 1400, uptime: .zero))
        for line in [
            "PROTO='none'", "IPV4DNS1='192.0.2.3'", "DHCPLEASETIME='4294967295'", "MTU='1400'",
            "ROOTSERVER='0.0.0.0'", "IPV4GATEWAY='0.0.0.0'",
        ] { #expect(text.contains(line + "\n")) }
        let searching = try Self.lease([119: [3, 108, 97, 98, 0, 1, 97, 0]])
        #expect(
            NetworkFiles.netConf(interface: "eth0", lease: searching, mtu: 1500, uptime: .zero)?
                .contains("DOMAINSEARCH='lab a'\n") == true)
    }

    @Test func atMostSixDomainsAreSearched() {
        let learned = LearnedServers(search: (1...7).map { "d\($0)" })
        #expect(NetworkFiles.resolvConf([], [learned]) == "search d1 d2 d3 d4 d5 d6\n")
    }

    @Test(arguments: ["x'; reboot; '", "$(reboot)", "`reboot`", "a\nreboot", "box\u{0}'x"])
    func noNameBecomesACommand(name: String) throws {
        let lease = try Self.lease([12: Array(name.utf8), 15: Array(name.utf8)])
        let text = NetworkFiles.netConf(
            interface: "eth0", lease: lease, mtu: 1500, uptime: .zero)
        #expect(text?.contains("HOSTNAME=''\nDNSDOMAIN=''\n") == true)
    }

    @Test(arguments: ["eth'0", "a b", "$x", ""]) func noInterfaceDoesEither(name: String) throws {
        let lease = try Self.lease()
        #expect(
            NetworkFiles.netConf(interface: name, lease: lease, mtu: 1500, uptime: .zero) == nil)
    }

    @Test func resolvConfHasAServerOfIPv6WhereThereIsOne() throws {
        let lease = try Self.lease([6: [192, 0, 2, 2, 192, 0, 2, 3, 192, 0, 2, 4]])
        let learned = LearnedServers(
            nameServers: ["2001:db8::53", "fe80::1%eth0"], search: ["lab", "example.org"])
        #expect(
            NetworkFiles.resolvConf([lease], [learned]) == """
                search example.org lab
                nameserver 192.0.2.2
                nameserver 192.0.2.3
                nameserver 2001:db8::53

                """)
        #expect(
            NetworkFiles.resolvConf([], [learned])
                == "search lab example.org\nnameserver 2001:db8::53\nnameserver fe80::1%eth0\n")
    }

    @Test func resolvConfJoinsAllLeases() throws {
        let first = try Self.lease([119: [3, 108, 97, 98, 0]])
        let second = try Self.lease([6: [192, 0, 2, 2, 192, 0, 2, 3, 192, 0, 2, 4, 192, 0, 2, 6]])
        #expect(
            NetworkFiles.resolvConf([first, second]) == """
                search lab example.org
                nameserver 192.0.2.2
                nameserver 192.0.2.3
                nameserver 192.0.2.4

                """)
        #expect(NetworkFiles.resolvConf([]) == "")
    }
}
