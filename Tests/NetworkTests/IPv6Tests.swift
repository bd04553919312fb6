import Foundation
import JSONKit
import LinuxKit
import Testing

/// IPv6 by router advertisements and DHCPv6, against dnsmasq in a namespace.
@Suite(.serialized, .timeLimit(.minutes(20))) struct IPv6Tests {
    let lab: NetworkLab

    init() throws {
        lab = try NetworkLab()
        _ = try lab.onServer("ip address add 2001:db8:55::1/64 dev srv nodad")
    }

    /// Options of dnsmasq for advertisements every 4 s.
    static func advertising(_ range: String) -> [String] {
        [
            "--enable-ra", "--ra-param=srv,4,600", "--dhcp-range=\(range)",
            "--dhcp-option=option6:dns-server,[2001:db8:55::53]",
            "--dhcp-option=option6:domain-search,six.example",
        ]
    }

    /// The global addresses that the kernel has and has probed.
    func globals() throws -> [String] {
        try lab.onClient("ip -6 -o address show dev cli scope global -tentative")
            .split(whereSeparator: \.isWhitespace).map(String.init).filter { $0.contains("/") }
    }

    /// Waits until the kernel has one address by DHCPv6 and has probed it, and the file says which, and gives it.
    func waitUntilLeased(location: SourceLocation = #_sourceLocation) throws -> String {
        var leased: String?
        try lab.wait(for: "an address by DHCPv6", location: location) {
            leased = lab.state()?["ipv6"]?["leased"]?.string
            return try leased.map { try globals() == [$0 + "/128"] } ?? false
        }
        return try #require(leased)
    }

    var resolvConf: [Substring] {
        (Files.text(lab.directory + "/run/net/resolv.conf") ?? "").split(separator: "\n")
    }

    @Test func linkLocalIsThereFromTheStart() throws {
        try lab.start()
        try lab.wait(for: "a link-local address in the file") {
            lab.state()?["ipv6"]?["addresses"]?.array?.first?.string == "fe80::ff:fe00:1/64"
        }
        #expect(lab.state()?["ipv6"]?["dhcp"]?.string == "idle")
    }

    @Test func aLateRouterGivesAddressRouteAndNameServers() throws {
        try lab.start()
        try lab.wait(for: "three tries without anybody") {
            lab.state()?["tries"]?.int ?? 0 >= 3
        }
        try lab.startServer(Self.advertising("2001:db8:55::,ra-only"))
        try lab.wait(for: "an address made from the advertised prefix") {
            try globals() == ["2001:db8:55::ff:fe00:1/64"]
        }
        #expect(try lab.onClient("ip -6 route show default").contains("dev cli proto ra"))
        try lab.wait(for: "the name server of the advertisement") {
            resolvConf.contains("nameserver 2001:db8:55::53")
                && resolvConf.first == "search lab.example six.example"
        }
        try lab.wait(for: "and that of DHCPv4") { resolvConf.contains("nameserver 10.55.0.1") }
        try lab.wait(for: "the router in the file") {
            lab.state()?["ipv6"]?["routerHeardAt"]?.int != nil
        }
    }

    @Test func aStatefulServerGivesAnAddress() throws {
        try lab.startServer(Self.advertising("2001:db8:55::100,2001:db8:55::1ff,64,120"))
        try lab.start()
        let leased = try waitUntilLeased()
        #expect(leased.hasPrefix("2001:db8:55::1"))
        try lab.wait(for: "the lease in the files") {
            lab.state()?["ipv6"]?["dhcp"]?.string == "bound"
                && resolvConf.contains("nameserver 2001:db8:55::53")
        }

        _ = try lab.onClient("ip -6 address delete \(leased)/128 dev cli")
        try lab.wait(for: "the address repaired") { try globals() == [leased + "/128"] }

        // The same identifiers, so the same address, and it goes when asked to.
        let killed = lab.state()?["pid"]
        _ = try lab.end(SIGKILL)
        try lab.start(["--interface", "cli", "--release-on-exit"])
        try lab.wait(for: "the same lease again, confirmed") {
            lab.state()?["pid"] != killed && lab.state()?["ipv6"]?["dhcp"]?.string == "bound"
                && lab.log.contains("the link confirms \(leased) of DHCPv6")
        }
        #expect(lab.state()?["ipv6"]?["leased"]?.string == leased)
        try lab.expectLogged("takes up \(leased) of DHCPv6 from an earlier run")
        #expect(!lab.ownLog.contains("DHCPv6 solicit sent"), "it did not ask anew")
        #expect(try lab.end() == .code(0))
        #expect(try !globals().contains(leased + "/128"))
        #expect(
            try lab.onClient("cat /proc/sys/net/ipv6/conf/cli/router_solicitation_max_interval")
                == "3600\n", "the kernel has its settings back")
    }

    /// As a bond has one that is random until it has its first part.
    @Test func anotherHardwareAddressIsAnotherIdentifier() throws {
        try lab.startServer(Self.advertising("2001:db8:55::100,2001:db8:55::1ff,64,120"))
        try lab.start()
        try lab.wait(for: "an address by DHCPv6") {
            try globals().contains { $0.hasSuffix("/128") }
        }
        _ = try lab.onClient("ip link set cli address 02:00:00:00:00:77")
        // The client's kernel does not tell its neighbours (ndisc_notify), and the server's would go on answering to the old
        // address for a minute.
        _ = try lab.onServer("ip -6 neighbour flush dev srv")
        try lab.wait(for: "another identifier") {
            Files.text(lab.directory + "/dnsmasq-50.leases")?.contains(
                "00:03:00:01:02:00:00:00:00:77") == true
        }
        try lab.wait(for: "one address by DHCPv6 alone") {
            try globals().filter { $0.hasSuffix("/128") }
                == [lab.state()?["ipv6"]?["leased"]?.string.map { $0 + "/128" }]
        }
        try lab.expectLogged("has another hardware address; begins anew")
    }

    @Test func aLeaseOfDHCPv6OutlivesTheCableAndIsConfirmed() throws {
        try lab.startServer(Self.advertising("2001:db8:55::100,2001:db8:55::1ff,64,120"))
        try lab.start()
        let leased = try waitUntilLeased()
        _ = try lab.onServer("ip link set srv down")
        try lab.wait(for: "the loss noticed") { lab.state()?["carrier"]?.bool == false }
        #expect(lab.state()?["ipv6"]?["leased"]?.string == leased)
        _ = try lab.onServer(
            "ip link set srv up && ip address add 2001:db8:55::1/64 dev srv nodad")
        try lab.wait(for: "the link's word that the address is good there") {
            lab.log.contains("the link confirms \(leased) of DHCPv6")
        }
        // After the carrier is back the kernel probes each address once more.
        try lab.wait(for: "the same address, and that the file has it") {
            try lab.state()?["ipv6"]?["dhcp"]?.string == "bound" && globals() == [leased + "/128"]
        }
        try lab.expectLogged("DHCPv6 confirm sent")
    }

    /// The command line asks a server that no router speaks of.
    @Test func dhcp6IsAskedWithoutAnyAdvertisement() throws {
        try lab.setCommandLine("ip=cli:dhcp6")
        try lab.startDhcpd6()
        let result = try lab.run(["--interface", "cli", "--once", "--timeout", "180"])
        #expect(result.exit == .code(0))
        #expect(result.output.contains("cli: has 2001:db8:55::2"))
        #expect(try globals().first?.hasPrefix("2001:db8:55::2") == true)
        #expect(lab.state()?["counters"]?["sent"]?.int == 0, "no IPv4")
        #expect(resolvConf == ["nameserver 2001:db8:55::53"])
    }

    @Test func onceEndsWithIPv6WhereThereIsNoIPv4() throws {
        try lab.startServer(isIPv6Only: true, Self.advertising("2001:db8:55::,ra-only"))
        let result = try lab.run([
            "--interface", "cli", "--once", "--timeout", "180", "--retry-cap", "6",
        ])
        #expect(result.exit == .code(0))
        #expect(result.output.hasSuffix("cli: has 2001:db8:55::ff:fe00:1/64\n"))
        #expect(result.took >= .seconds(6), "IPv4 had its time")
        #expect(try lab.onClient("ip -6 route show default").contains("proto ra"))
        #expect(lab.state()?["ipv6"]?["gateway"]?.string?.hasPrefix("fe80::") == true)
    }

    @Test func onceDoesNotTakeIPv6ForIPv4WhereThereAreBoth() throws {
        try lab.startServer(Self.advertising("2001:db8:55::,ra-only"))
        // As long as this IPv4 has for itself, also on a busy machine.
        let result = try lab.run([
            "--interface", "cli", "--once", "--timeout", "180", "--retry-cap", "120",
        ])
        #expect(result.exit == .code(0))
        #expect(result.output.contains("cli: has 10.55.0.5"))
    }

    @Test func aStatelessServerGivesNameServers() throws {
        try lab.startServer(Self.advertising("2001:db8:55::,ra-stateless"))
        try lab.start()
        try lab.wait(for: "an answer about name servers") {
            lab.state()?["ipv6"]?["dhcp"]?.string == "informed"
        }
        try lab.wait(for: "the name server") { resolvConf.contains("nameserver 2001:db8:55::53") }
        try lab.wait(for: "an address of its own making") {
            try globals() == ["2001:db8:55::ff:fe00:1/64"]
        }
        try lab.expectLogged("DHCPv6 informationRequest sent (try 1)")
    }

    @Test func aMachineThatForwardsTakesAdvertisementsToo() throws {
        _ = try lab.onClient("echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
        try lab.startServer(Self.advertising("2001:db8:55::,ra-only"))
        try lab.start()
        try lab.wait(for: "an address") { try !globals().isEmpty }
        #expect(try lab.onClient("cat /proc/sys/net/ipv6/conf/cli/accept_ra") == "2\n")
    }
}
