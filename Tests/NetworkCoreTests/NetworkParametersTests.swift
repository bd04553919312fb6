import Addresses
import NetworkCore
import Testing
import Seeds

/// `ip=`, `vlan=`, `bond=` and `nameserver=` as klibc, dracut and the kernel document them.
@Suite struct NetworkParametersTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let meaning: String
        var testDescription: String { text }
        init(_ text: String, _ meaning: String) {
            self.text = text
            self.meaning = meaning
        }
    }

    /// In short words.
    static func words(_ rule: StaticAddress) -> String {
        let method =
            switch rule.method {
            case .dhcp: "dhcp"
            case .fixed(let lease):
                (["\(lease.prefix)"] + lease.routes.map { "\($0)" }
                    + lease.nameServers.map { "dns \($0)" }
                    + lease.timeServers.map { "ntp \($0)" }).joined(separator: ", ")
            case .linkLocal: "link-local"
            case .none: "no IPv4"
            case .off: "off"
            }
        let method6 =
            switch rule.method6 {
            case .advertised: rule.method == .none ? ", as advertised" : ""
            case .dhcp: ", DHCPv6"
            case .either: ", advertised or DHCPv6"
            case .linkLocal: ", link-local"
            case .fixed(let fixed):
                ", \(fixed)" + (fixed.gateway.map { " via \($0)" } ?? "")
                    + (fixed.isGatewayOutside ? " outside" : "")
            }
        let mac = rule.hardwareAddress.map { ", mac \($0)" } ?? ""
        let servers = rule.nameServers.map { ", server \($0)" }.joined()
        let mtu = rule.mtu.map { ", mtu \($0)" } ?? ""
        let host = rule.hostName.map { ", host \($0)" } ?? ""
        return "\(rule.interface ?? "*"): \(method)\(method6)\(mtu)\(mac)\(host)\(servers)"
    }

    @Test(arguments: [
        // One word: klibc, dracut and the kernel.
        Row("dhcp", "*: dhcp"), Row("on", "*: dhcp"), Row("any", "*: dhcp"), Row("", "*: dhcp"),
        Row("both", "*: dhcp"), Row("bootp", "*: dhcp"), Row("rarp", "*: dhcp"),
        Row("single-dhcp", "*: dhcp"), Row("off", "*: off"), Row("none", "*: off"),
        Row("auto6", "*: no IPv4, as advertised"), Row("dhcp6", "*: no IPv4, DHCPv6"),
        Row("either6", "*: no IPv4, advertised or DHCPv6"),
        Row("link6", "*: no IPv4, link-local"), Row("link-local", "*: link-local"),
        // klibc: an interface or an address alone.
        Row("eth0", "eth0: dhcp"), Row("192.0.2.5", "*: 192.0.2.5/24"),
        Row("10.1.2.3", "*: 10.1.2.3/8"), Row("126.0.0.1", "*: 126.0.0.1/8"),
        Row("128.0.0.1", "*: 128.0.0.1/16"), Row("191.255.0.1", "*: 191.255.0.1/16"),
        Row("192.0.0.1", "*: 192.0.0.1/24"), Row("192.0.2.5:192.0.2.9", "*: 192.0.2.5/24"),
        Row(":dhcp", "*: dhcp"),
        // dracut: IF:METHOD[:MTU[:MAC]]
        Row("eth0:dhcp", "eth0: dhcp"), Row("enp3s0:on", "enp3s0: dhcp"),
        Row("eth0:dhcp:9000", "eth0: dhcp, mtu 9000"), Row("eth0:dhcp:576", "eth0: dhcp, mtu 576"),
        Row("eth0:auto6", "eth0: no IPv4, as advertised"),
        Row("eth0:dhcp6:1400", "eth0: no IPv4, DHCPv6, mtu 1400"),
        Row("eth0:off", "eth0: off"), Row("eth0.5:link-local", "eth0.5: link-local"),
        Row("bond0:dhcp:1400:", "bond0: dhcp, mtu 1400"),
        Row("eth0:dhcp:1500:52:54:00:12:34:56", "eth0: dhcp, mtu 1500, mac 52:54:00:12:34:56"),
        Row("eth0:auto6::2:0:0:ab:CD:f", "eth0: no IPv4, as advertised, mac 02:00:00:ab:cd:0f"),
        // The long form.
        Row(
            "192.0.2.5::192.0.2.1:255.255.255.0:box:eth0:none",
            "eth0: 192.0.2.5/24, default via 192.0.2.1, host box"),
        Row(
            "192.0.2.5:192.0.2.9:192.0.2.1:28:box.example:eth0:off",
            "eth0: 192.0.2.5/28, default via 192.0.2.1, host box.example"),
        Row("192.0.2.5:::255.255.255.0", "*: 192.0.2.5/24"),
        Row("192.0.2.5:::32", "*: 192.0.2.5/32"), Row("192.0.2.5:::1", "*: 192.0.2.5/1"),
        Row("192.0.2.5:::24::eth0:none::192.0.2.3", "eth0: 192.0.2.5/24, dns 192.0.2.3"),
        Row("192.0.2.5::192.0.2.1:::eth0", "eth0: 192.0.2.5/24, default via 192.0.2.1"),
        Row("192.0.2.5::192.0.2.1:::eth0:static", "eth0: 192.0.2.5/24, default via 192.0.2.1"),
        Row("192.0.2.5::192.0.2.1:::eth0:any", "eth0: 192.0.2.5/24, default via 192.0.2.1"),
        Row(
            "192.0.2.5::192.0.2.1:24::eth0:none:192.0.2.2:192.0.2.3",
            "eth0: 192.0.2.5/24, default via 192.0.2.1, dns 192.0.2.2, dns 192.0.2.3"),
        Row(
            "192.0.2.5::192.0.2.1:24::eth0:none:192.0.2.2::192.0.2.4",
            "eth0: 192.0.2.5/24, default via 192.0.2.1, dns 192.0.2.2, ntp 192.0.2.4"),
        Row(
            "192.0.2.5::192.0.2.1:24::eth0:none:1400",
            "eth0: 192.0.2.5/24, default via 192.0.2.1, mtu 1400"),
        // A hoster's gateway outside of the subnet.
        Row(
            "192.0.2.5::198.51.100.1:255.255.255.255::eth0:none",
            "eth0: 192.0.2.5/32, 198.51.100.1/32 on the link, default via 198.51.100.1"),
        Row("::::box:eth0:dhcp", "eth0: dhcp, host box"),
        Row(":::::eth0:dhcp", "eth0: dhcp"), Row(":::::eth1:off", "eth1: off"),
        Row("192.0.2.5::192.0.2.1:24:box:eth0:dhcp", "eth0: dhcp, host box"),
        Row(
            "192.0.2.5::192.0.2.1:24::eth0:none:1400:52:54:00:12:34:56",
            "eth0: 192.0.2.5/24, default via 192.0.2.1, mtu 1400, mac 52:54:00:12:34:56"),
        Row(
            "192.0.2.5::192.0.2.1:24::eth0:none::52:54:00:12:34:56",
            "eth0: 192.0.2.5/24, default via 192.0.2.1, mac 52:54:00:12:34:56"),
        Row(
            "192.0.2.5::192.0.2.1:24::eth0:none:192.0.2.2:[2001:db8::53]",
            "eth0: 192.0.2.5/24, default via 192.0.2.1, dns 192.0.2.2, server 2001:db8::53"),
        Row(":::::eth0:dhcp:192.0.2.2", "eth0: dhcp, server 192.0.2.2"),
        // IPv6.
        Row("[2001:db8::5]", "*: no IPv4, 2001:db8::5/64"),
        Row(
            "[2001:DB8::5]::[2001:db8::1]:64:box:eth0:none",
            "eth0: no IPv4, 2001:db8::5/64 via 2001:db8::1, host box"),
        Row(
            "[2001:db8::5]:[2001:db8::9]:[fe80::1]:128::eth0:static:1400:52:54:00:12:34:56",
            "eth0: no IPv4, 2001:db8::5/128 via fe80::1, mtu 1400, mac 52:54:00:12:34:56"),
        Row(
            "[2001:db8::5]::[2001:db8:1::1]:::eth0:none",
            "eth0: no IPv4, 2001:db8::5/64 via 2001:db8:1::1 outside"),
        Row(
            "[2001:db8::5]:::56::eth0:off:[2001:db8::53]:192.0.2.2",
            "eth0: no IPv4, 2001:db8::5/56, server 2001:db8::53, server 192.0.2.2"),
        Row("[2001:db8::5]:::64::eth0:dhcp6", "eth0: no IPv4, DHCPv6"),
        Row("[2001:db8::5]:::64::eth0:dhcp", "eth0: dhcp"),
    ])
    func whatCanBeReadIsRead(row: Row) throws {
        let line = "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ip=\(row.text) quiet"
        let parameters = NetworkParameters(parsing: line)
        #expect(parameters.complaints == [])
        #expect(parameters.addresses.map(Self.words) == [row.meaning])
    }

    @Test(arguments: [
        Row("eth0:dchp", "'dchp' is no method"),
        Row("eth0/1:dhcp", "no interface can be called 'eth0/1'"),
        Row("averyveryverylongname", "no interface can be called 'averyveryverylongname'"),
        Row("192.0.2.999::192.0.2.1:24::eth0:none", "'192.0.2.999' is no address of a machine"),
        Row("224.0.0.1::192.0.2.1:24::eth0:none", "'224.0.0.1' is no address of a machine"),
        Row("192.0.2.5::192.0.2.1:255.0.255.0::eth0:none", "'255.0.255.0' is no network mask"),
        Row("192.0.2.5::192.0.2.1:33::eth0:none", "'33' is no network mask"),
        Row("192.0.2.5::192.0.2.1:0::eth0:none", "'0' is no network mask"),
        Row("192.0.2.5::192.0.2.1:0.0.0.0::eth0:none", "'0.0.0.0' is no network mask"),
        Row("192.0.2.5::224.0.0.1:24::eth0:none", "'224.0.0.1' is no gateway"),
        Row("eth0:", "'eth0' is no address of a machine"),
        Row("192.0.2.5::router:24::eth0:none", "'router' is no gateway"),
        Row("192.0.2.5::192.0.2.5:24::eth0:none", "'192.0.2.5' is no gateway"),
        Row("192.0.2.5::192.0.2.1:24:a_b:eth0:none", "'a_b' is no host name"),
        Row("192.0.2.5::192.0.2.1:24::eth0:sometimes", "'sometimes' is no method"),
        Row("192.0.2.5::192.0.2.1:24::eth0:none:12", "'12' is no MTU"),
        Row("192.0.2.5::192.0.2.1:24::eth0:none:192.0.2.2:x", "'x' is no address of a server"),
        Row("eth0:dhcp:jumbo", "'jumbo' is no MTU"), Row("eth0:dhcp:575", "'575' is no MTU"),
        Row(
            "eth0:dhcp:1500:52:54:00:12:34",
            "'52:54:00:12:34' is no hardware address of a machine"),
        Row(
            "eth0:dhcp:1500:53:54:00:12:34:56",
            "'53:54:00:12:34:56' is no hardware address of a machine"),
        Row("eth0:dhcp::0:0:0:0:0:0", "'0:0:0:0:0:0' is no hardware address of a machine"),
        Row("eth0:dhcp::2:0:0:+1:0:0", "'2:0:0:+1:0:0' is no hardware address of a machine"),
        Row("eth0:dhcp::2:0:0:-0:0:0", "'2:0:0:-0:0:0' is no hardware address of a machine"),
        Row("eth0:dhcp::2:0:0:100:0:0", "'2:0:0:100:0:0' is no hardware address of a machine"),
        Row("eth0:ibft", "davit does not read the firmware's iSCSI settings (iBFT)"),
        Row("ibft", "davit does not read the firmware's iSCSI settings (iBFT)"),
        Row("[ff02::1]:::64::eth0:none", "'[ff02::1]' is no address of a machine"),
        Row("[::ffff:1.2.3.4]:::64::eth0:none", "'[::ffff:1.2.3.4]' is no address of a machine"),
        Row(
            "[2001:db8::5:::64::eth0:none",
            "'[2001:db8::5:::64::eth0:none' is no address of a machine"),
        Row("[2001:db8::5]:::129::eth0:none", "'129' is no length of an IPv6 prefix"),
        Row("[2001:db8::5]:::0::eth0:none", "'0' is no length of an IPv6 prefix"),
        Row("[2001:db8::5]::192.0.2.1:64::eth0:none", "'192.0.2.1' is no gateway"),
        Row("192.0.2.5::[2001:db8::1]:24::eth0:none", "'[2001:db8::1]' is no gateway"),
        Row("[2001:db8::5]::[2001:db8::5]:64::eth0:none", "'[2001:db8::5]' is no gateway"),
        Row("[2001:db8::5]:::64::eth0:none:[2001:db8::53]:y", "'y' is no address of a server"),
        Row(
            "192.0.2.5:::24::eth0:none:192.0.2.2:192.0.2.3:192.0.2.4:192.0.2.6",
            "'192.0.2.6' stands behind the name servers"),
    ])
    func whatCannotBeReadIsNamedAndDHCPIsUsed(row: Row) {
        let parameters = NetworkParameters(parsing: "ip=\(row.text)")
        #expect(
            parameters.complaints == [
                "ip=\(row.text) on the kernel's command line: \(row.meaning); DHCP is used instead."
            ])
        for name in ["eth0", "eth1"] {
            #expect(parameters.address(of: name)?.method ?? .dhcp == .dhcp)
        }
        #expect(parameters.addressOfTheFirst == nil)
    }

    @Test func severalAreForSeveralInterfaces() {
        let parameters = NetworkParameters(
            parsing: "ip=eth0:dhcp ip=192.0.2.5::192.0.2.1:24::eth1:none ip=off ip=eth0:off")
        #expect(parameters.address(of: "eth0")?.method == .dhcp)
        #expect(
            parameters.address(of: "eth1").map(Self.words)?.hasPrefix("eth1: 192.0.2.5") == true)
        #expect(parameters.address(of: "eth2")?.method == .off)
        #expect(
            parameters.complaints == [
                "ip=eth0:off on the kernel's command line: there is another ip= for eth0; the first one counts."
            ])
        #expect(parameters.interfaces == ["eth0", "eth1"])
        #expect(parameters.addressOfTheFirst == nil, "the fixed one is for eth1")
    }

    @Test func whatCannotBeReadIsMeantForItsInterfaceNevertheless() {
        let parameters = NetworkParameters(
            parsing: "ip=eth0.5:dchp ip=eth0.5:dhcp vlan=eth0.5:eth0")
        #expect(parameters.addresses.map(Self.words) == ["eth0.5: dhcp"])
        #expect(parameters.interfaces == ["eth0.5"], "once")
        #expect(parameters.complaints.count == 2)
    }

    @Test func ofTwoForIPv4AndIPv6TheFirstCountsWhereBothSayTheSame() throws {
        let parameters = NetworkParameters(
            parsing: "ip=192.0.2.5:::24::eth0:none:1300:02:00:00:00:00:01 "
                + "ip=[2001:db8::5]:::64::eth0:none:1400:02:00:00:00:00:02 "
                + "ip=192.0.2.6:::24::eth1:none:192.0.2.2 "
                + "ip=[2001:db8::6]:::64::eth1:none:[2001:db8::53] "
                + "ip=192.0.2.7:::24::eth2:none "
                + "ip=[2001:db8::7]:::64::eth2:none:1400:02:00:00:00:00:03 "
                + "ip=eth3:auto6 ip=eth3:off ip=eth4:dhcp ip=eth4:dhcp")
        #expect(
            parameters.addresses.map(Self.words) == [
                "eth0: 192.0.2.5/24, 2001:db8::5/64, mtu 1300, mac 02:00:00:00:00:01",
                "eth1: 192.0.2.6/24, dns 192.0.2.2, 2001:db8::6/64, server 2001:db8::53",
                "eth2: 192.0.2.7/24, 2001:db8::7/64, mtu 1400, mac 02:00:00:00:00:03",
                "eth3: no IPv4, as advertised", "eth4: dhcp",
            ])
        #expect(parameters.complaints.count == 2)
        #expect(parameters.complaints.first?.contains("ip=eth3:off") == true)
        #expect(parameters.nameServers.map(\.description) == ["2001:db8::53"])
    }

    @Test func oneMayBeForIPv4AndOneForIPv6() {
        let parameters = NetworkParameters(
            parsing: "ip=192.0.2.5::192.0.2.1:24:box:eth0:none "
                + "ip=[2001:db8::5]::[fe80::1]:64:other:eth0:none:1400 "
                + "ip=eth1:auto6 ip=eth1:dhcp ip=eth1:dhcp6 ip=eth2:off ip=eth2:auto6 ip=eth3:dhcp6 ip=eth3:x"
        )
        #expect(
            parameters.addresses.map(Self.words) == [
                "eth0: 192.0.2.5/24, default via 192.0.2.1, 2001:db8::5/64 via fe80::1, mtu 1400, host box",
                "eth1: dhcp", "eth2: off", "eth3: dhcp, DHCPv6",
            ])
        #expect(parameters.complaints.count == 3)
        #expect(parameters.complaints[0].contains("ip=eth1:dhcp6"))
        #expect(parameters.complaints[1].contains("ip=eth2:auto6"))
        #expect(parameters.complaints[2].contains("'x' is no method"))
    }

    @Test func anAddressForNobodyByNameIsForTheFirst() {
        let parameters = NetworkParameters(parsing: "ip=192.0.2.5::192.0.2.1:24 ip=eth1:dhcp")
        #expect(parameters.addressOfTheFirst.map(Self.words)?.hasPrefix("*: 192.0.2.5/24") == true)
        #expect(parameters.address(of: "eth0") == nil, "not for all")
        #expect(parameters.address(of: "eth1")?.method == .dhcp)
    }

    @Test func vlansAreNumberedByTheirNames() {
        let parameters = NetworkParameters(
            parsing: "vlan=eth0.5:eth0 vlan=vlan0100:bond0 vlan=v4094:eth1")
        #expect(parameters.vlans.map(\.number) == [5, 100, 4094])
        #expect(parameters.vlans.map(\.parent) == ["eth0", "bond0", "eth1"])
        #expect(parameters.interfaces == ["eth0.5", "vlan0100", "v4094"])
        for bad in [
            "eth0", "vlan:eth0", "vlan0:eth0", "vlan4095:eth0", "vlan5:eth0:x", ":eth0", "",
            "vlan5:a/b", "a/5:eth0", "vlan5:vlan5", "vlan5:",
        ] {
            let refused = NetworkParameters(parsing: "vlan=\(bad)")
            #expect(refused.vlans == [])
            #expect(refused.complaints.first?.hasPrefix("vlan=\(bad) on the kernel's") == true)
        }
    }

    @Test func bondsHaveTheirParts() throws {
        let parameters = NetworkParameters(
            parsing: "bond=bond1:eth2,eth3:mode=active-backup,miimon=100,primary=eth3:9000 bond")
        let first = try #require(parameters.bonds.first)
        #expect(first.name == "bond1")
        #expect(first.parts == ["eth2", "eth3"])
        #expect(first.options.map(\.value) == [.number(1), .number(100), .interface("eth3")])
        #expect(first.mtu == 9000)
        let standard = try #require(parameters.bonds.last)
        #expect(standard.name == "bond0")
        #expect(standard.parts == ["eth0", "eth1"])
        #expect(standard.options.map(\.value) == [.number(0)])

        let odd = NetworkParameters(parsing: "bond=b:e0:mode=802.3ad,lacp_rate=1,speed=9,mode=7")
        #expect(odd.bonds.first?.options.map(\.value) == [.number(4), .number(1)])
        #expect(odd.complaints.count == 2)
        #expect(odd.complaints.first?.contains("'speed=9'") == true)
    }

    @Test(arguments: ["a/b:eth0", "b:a/b", "b:eth0,b", "b:,", "b:eth0,a b"])
    func aBondThatCannotBeIsNamed(text: String) {
        let parameters = NetworkParameters(parsing: "bond=\"\(text)\"")
        #expect(parameters.bonds == [])
        #expect(
            parameters.complaints == [
                "bond=\(text) on the kernel's command line: expected NAME:INTERFACE,INTERFACE; it is left out."
            ])
    }

    @Test(arguments: [
        ("mode=6", true), ("mode=7", false), ("mode=balance-alb", true), ("mode=x", false),
        ("miimon=3600000", true), ("miimon=3600001", false), ("miimon=-1", false),
        ("fail_over_mac=follow", true), ("fail_over_mac=3", false), ("primary=eth0", true),
        ("primary=a/b", false), ("primary=", false), ("mode", false), ("speed=9", false),
    ])
    func optionsOfBondsAreKnownOrNot(text: String, isKnown: Bool) {
        #expect((BondOption(parsing: text) != nil) == isKnown)
    }

    @Test(
        arguments: [("576", 576), ("575", nil), ("9000", 9000), ("x", nil)] as [(String, UInt16?)])
    func anMTUOfABondIsOneOrNamed(text: String, mtu: UInt16?) {
        let parameters = NetworkParameters(parsing: "bond=b:eth0::\(text)")
        #expect(parameters.bonds.map(\.mtu) == [mtu])
        #expect(parameters.complaints.count == (mtu == nil ? 1 : 0))
    }

    @Test(arguments: [
        ("eth0", true), ("abcdefghijklmno", true), ("abcdefghijklmnop", false), ("", false),
        (".", false), ("..", false), ("...", true), ("a/b", false), ("a:b", false), ("a b", false),
        ("a\u{7F}", false), ("a\u{1}", false), ("ä", true),
    ])
    func interfacesAreCalledAsTheKernelAllows(name: String, isGood: Bool) {
        #expect(InterfaceName.isValid(name) == isGood)
    }

    @Test func atMostEightNameServersCount() {
        let line = (1...9).map { "nameserver=192.0.2.\($0)" }.joined(separator: " ")
        #expect(NetworkParameters(parsing: line).nameServers.count == 8)
    }

    @Test func nameServersAreTakenAndOthersNamed() {
        let parameters = NetworkParameters(
            parsing: "nameserver=192.0.2.2 nameserver=dns.example nameserver=[2001:db8::53] "
                + "nameserver=224.0.0.1 nameserver=2001:db8::54")
        #expect(
            parameters.nameServers.map(\.description) == [
                "192.0.2.2", "2001:db8::53", "2001:db8::54",
            ])
        #expect(parameters.complaints.count == 2)
        #expect(
            NetworkFiles.resolvConf([], named: parameters.nameServers)
                == "nameserver 192.0.2.2\nnameserver 2001:db8::53\nnameserver 2001:db8::54\n")
    }

    @Test func quotesHoldBlanksAndWhatFollowsTwoHyphensIsForInit() {
        let parameters = KernelParameters(
            parsing: "a=1 b=\"two words\" \"c=x y\" ip=eth0 ipv6.disable=1 -- ip=eth1\n")
        #expect(parameters.values("b") == ["two words"])
        #expect(parameters.values("c") == ["x y"])
        #expect(parameters.values("ip") == ["eth0"])
        #expect(parameters.values("d") == [])
    }

    @Test func noLineTraps() {
        var random = SeededRandom(77)
        let alphabet = Array("ip=vlanbodersv:.,[]0129ethdhcp \"-")
        for _ in 0..<3000 {
            let text = String(
                (0..<Int.random(in: 0...60, using: &random)).map { _ in
                    alphabet.randomElement(using: &random) ?? ":"
                })
            let parameters = NetworkParameters(
                parsing: "ip=\(text) vlan=\(text) bond=\(text) nameserver=\(text)")
            for rule in parameters.addresses {
                if case .fixed(let lease) = rule.method { #expect(lease.address.isHost) }
                if case .fixed(let fixed) = rule.method6 { #expect(fixed.address.isHost) }
            }
        }
    }
}
