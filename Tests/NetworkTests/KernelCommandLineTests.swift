import JSONKit
import LinuxKit
import Testing

/// `davit net` with what the kernel's command line says of the network.
@Suite(.serialized, .timeLimit(.minutes(20))) struct KernelCommandLineTests {
    let lab: NetworkLab

    init() throws { lab = try NetworkLab() }

    @Test func aFixedAddressIsUsedWithoutAnyServerAndRepaired() throws {
        try lab.setCommandLine(
            "quiet ip=10.55.0.77::10.55.0.1:24:box:cli:none:1400 nameserver=10.55.0.2")
        let resolvConf = lab.directory + "/resolv.conf"
        try lab.start(["--interface", "cli", "--resolv-conf", resolvConf])
        try lab.wait(for: "the address") { lab.state()?["configured"]?.bool == true }
        #expect(lab.state()?["state"]?.string == "static")
        #expect(try lab.addresses() == ["10.55.0.77/24"])
        let routes = try lab.routes()
        #expect(routes.contains("default via 10.55.0.1 dev cli"))
        #expect(try lab.onClient("ip link show dev cli").contains("mtu 1400"))
        try lab.wait(for: "the files") {
            Files.text(resolvConf) == "nameserver 10.55.0.2"
                && Files.text(lab.directory + "/net-cli.conf")?.contains(
                    "PROTO='none'\nIPV4ADDR='10.55.0.77'") == true
        }
        try lab.expectLogged("has 10.55.0.77/24, as the kernel's command line says")
        #expect(lab.state()?["counters"]?["sent"]?.int == 0, "no DHCP")

        _ = try lab.onClient("ip address flush dev cli")
        try lab.wait(for: "the repair") {
            try lab.addresses() == ["10.55.0.77/24"] && lab.routes() == routes
        }
        #expect(
            try lab.run(["--interface", "cli", "--once", "--timeout", "180"]).exit == .code(0))
    }

    @Test func aFixedIPv6AddressWithItsRouteMTUAndHardwareAddress() throws {
        _ = try lab.onServer("ip address add 2001:db8:55::1/64 dev srv nodad")
        try lab.setCommandLine(
            "ip=[2001:db8:55::5]::[2001:db8:55::1]:64:box:cli:none:1400:02:00:00:00:00:77 "
                + "nameserver=[2001:db8:55::53]")
        let once = try lab.run(["--interface", "cli", "--once", "--timeout", "180"])
        #expect(once.exit == .code(0))
        #expect(once.output.hasSuffix("cli: has 2001:db8:55::5/64\n"))
        let link = try lab.onClient("ip link show dev cli")
        #expect(link.contains("mtu 1400") && link.contains("link/ether 02:00:00:00:00:77"))
        func routes() throws -> String {
            try lab.onClient("ip -6 route show dev cli proto static")
                + lab.onClient("ip -6 route show dev cli 2001:db8:55::/64")
        }
        let before = try routes()
        #expect(before.contains("default via 2001:db8:55::1 metric"))
        #expect(before.contains("2001:db8:55::/64 proto kernel"))
        #expect(
            try lab.onClient("ip -6 route get 2001:db8:99::1").contains(
                "via 2001:db8:55::1 dev cli proto static src 2001:db8:55::5"))
        #expect(
            Files.text(lab.directory + "/run/net/resolv.conf") == "nameserver 2001:db8:55::53")

        // Again and repaired; and at the end everything is as it was.
        try lab.start(["--interface", "cli", "--release-on-exit"])
        try lab.wait(for: "the second run") { lab.state()?["state"]?.string == "ipv6" }
        _ = try lab.onClient("ip -6 address delete 2001:db8:55::5/64 dev cli")
        try lab.wait(for: "the repair") {
            try routes() == before
                && lab.onClient("ip -6 address show dev cli").contains("2001:db8:55::5/64")
        }
        #expect(lab.state()?["counters"]?["sent"]?.int == 0, "no DHCP")
        #expect(try lab.end() == .code(0))
        #expect(try !lab.onClient("ip -6 address show dev cli").contains("2001:db8:55::5"))
        #expect(try !lab.onClient("ip -6 route show default").contains("2001:db8:55::1"))
        #expect(try lab.onClient("ip link show dev cli").contains("link/ether 02:00:00:00:00:01"))
    }

    @Test func aFixedIPv6AddressThatAnotherMachineHasIsNamedAndTakenOnceItIsFree() throws {
        _ = try lab.onServer("ip address add 2001:db8:55::5/64 dev srv nodad")
        try lab.setCommandLine("ip=cli:dhcp ip=[2001:db8:55::5]:::64::cli:none")
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        try lab.wait(for: "the other machine") {
            lab.log.contains("cli: 2001:db8:55::5 is in use by another machine.")
                && lab.state()?["ipv6"]?["lastError"]?.string
                    == "2001:db8:55::5 is in use by another machine."
        }
        _ = try lab.onServer("ip address delete 2001:db8:55::5/64 dev srv")
        try lab.wait(for: "the address") {
            try lab.onClient("ip -6 address show dev cli -tentative -dadfailed").contains(
                "2001:db8:55::5/64")
        }
        try lab.wait(for: "the complaint gone") {
            lab.state()?["ipv6"]?["lastError"] == .null
        }
    }

    @Test func dhcpIsAskedWithTheHardwareAddressOfTheCommandLine() throws {
        try lab.setCommandLine("ip=cli:dhcp::02:00:00:00:00:88")
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        #expect(lab.state()?["mac"]?.string == "02:00:00:00:00:88")
        // dnsmasq writes it anew at each renewal.
        try lab.wait(for: "the lease in the server's file") {
            Files.text(lab.directory + "/dnsmasq-50.leases")?.contains("02:00:00:00:00:88") == true
        }
        try lab.wait(for: "an address of IPv6 made from it") {
            try lab.onClient("ip -6 address show dev cli scope link").contains("ff:fe00:88")
        }
    }

    @Test func whatCannotBeReadIsNamedAndDHCPIsUsed() throws {
        try lab.setCommandLine("ip=10.55.0.777::10.55.0.1:24:box:cli:none")
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        #expect(try lab.addresses().first?.hasPrefix("10.55.0.5") == true)
        try lab.expectLogged(
            "ip=10.55.0.777::10.55.0.1:24:box:cli:none on the kernel's command line: "
                + "'10.55.0.777' is no address of a machine; DHCP is used instead.")
    }

    @Test func anInterfaceThatIsOffIsLeftAlone() throws {
        try lab.connect(1)
        try lab.setCommandLine("ip=cli1:off")
        try lab.startServer()
        try lab.start(["--interface", "cli", "--interface", "cli1"])
        try lab.waitUntilConfigured()
        try lab.wait(for: "the other is off") { lab.state("cli1")?["state"]?.string == "off" }
        #expect(try lab.addresses("cli1") == [])
        try lab.expectLogged(
            "cli1: left alone, as ip= on the kernel's command line says")
    }

    @Test func anAddressForNobodyByNameGoesToTheFirstWithACarrier() throws {
        try lab.connect(1)
        _ = try lab.onServer("ip link set srv down")
        try lab.setCommandLine("ip=10.55.1.77::10.55.1.1:255.255.255.0")
        try lab.start(["--interface", "cli", "--interface", "cli1"])
        try lab.wait(for: "the address") { try lab.addresses("cli1") == ["10.55.1.77/24"] }
        try lab.wait(for: "the other without a carrier: it asks by DHCP when it can") {
            lab.state("cli")?["state"]?.string == "no-carrier"
        }
    }

    @Test func theAddressGoesToAnotherWhenItsInterfaceIsGone() throws {
        try lab.connect(1)
        _ = try lab.onServer("ip link set srv down")
        try lab.setCommandLine("ip=10.55.0.77::10.55.0.1:255.255.255.0")
        try lab.start(["--interface", "cli", "--interface", "cli1"])
        try lab.wait(for: "the address") { try lab.addresses("cli1") == ["10.55.0.77/24"] }
        _ = try lab.onServer("ip link set srv up")
        try lab.wait(for: "the other's carrier") { lab.state()?["carrier"]?.bool == true }
        #expect(lab.state()?["state"]?.string != "static", "it stays where it is")
        _ = try lab.onServer("ip link delete srv1")
        try lab.wait(for: "the address on the other") {
            try lab.addresses() == ["10.55.0.77/24"]
        }
    }

    /// The kernel announces each attempt to change it, and changes nothing.
    @Test func anAddressThatIsThereWithAnotherBroadcastAddressIsLeftInPeace() throws {
        _ = try lab.onClient("ip address add 10.55.0.77/24 brd 10.55.0.254 dev cli")
        try lab.setCommandLine("ip=10.55.0.77::10.55.0.1:24:box:cli:none")
        try lab.start(["--interface", "cli", "--hostname", "box"])
        // It is asked on the link for three quarters of a second whose the name is.
        try lab.wait(for: "the name") { lab.state()?["mdns"]?.string == "box.local" }
        #expect(lab.state()?["configured"]?.bool == true)
        #expect(lab.state()?["counters"]?["repairs"]?.int == 0)
    }

    @Test func filesThatCouldNotBeWrittenAreWrittenLater() throws {
        let paths = ["/run/net/resolv.conf", "/run/net/cli.json", "/net-cli.conf"].map {
            lab.directory + $0
        }
        for path in ["/run", "/run/net"] { try Files.makeDirectory(lab.directory + path) }
        for path in paths { try Files.makeDirectory(path) }
        try lab.setCommandLine("ip=10.55.0.77::10.55.0.1:24:box:cli:none nameserver=10.55.0.2")
        try lab.start()
        try lab.wait(for: "the address") {
            lab.log.contains("has 10.55.0.77/24, as the kernel's command line says")
        }
        for path in paths { _ = try lab.onClient("rmdir \(path)") }
        try lab.wait(for: "all files") {
            Files.text(paths[0]) == "nameserver 10.55.0.2"
                && lab.state()?["configured"]?.bool == true
                && Files.text(paths[2])?.contains("IPV4ADDR='10.55.0.77'") == true
        }
    }

    /// Where the kernel has VLANs they are made and used; where it has none that is said by name.
    @Test func aVLANIsMadeAndUsedOrItsLackNamed() throws {
        try lab.setCommandLine("vlan=cli.5:cli")
        try lab.startServer()
        guard (try? lab.onServer("ip link add link srv name srv.5 type vlan id 5")) != nil else {
            try lab.start([])
            try lab.wait(for: "the message") {
                lab.log.contains(
                    "cli.5: Cannot make the VLAN 5 on cli as cli.5: Operation not supported. The kernel has no "
                        + "such interfaces: the module 8021q or bonding must be in the initramfs.")
            }
            try lab.wait(for: "the same in the file") {
                lab.state("cli.5")?["lastError"]?.string?.contains("Cannot make") == true
            }
            return
        }
        _ = try lab.onServer("ip address add 10.55.1.1/24 dev srv.5 && ip link set srv.5 up")
        try lab.start(["--interface", "cli.5", "--release-on-exit"])
        try lab.waitUntilConfigured(interface: "cli.5")
        #expect(try lab.addresses("cli.5").first?.hasPrefix("10.55.1.") == true)
        #expect(try lab.end() == .code(0))
        #expect(try !lab.onClient("ip link show").contains("cli.5"), "what davit made is gone")
    }
}
