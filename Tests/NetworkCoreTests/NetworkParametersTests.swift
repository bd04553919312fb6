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
            case .ipv6: "ipv6"
            case .off: "off"
            }
        let mtu = rule.mtu.map { ", mtu \($0)" } ?? ""
        let host = rule.hostName.map { ", host \($0)" } ?? ""
        return "\(rule.interface ?? "*"): \(method)\(mtu)\(host)"
    }

    @Test(arguments: [
        // One word: klibc, dracut and the kernel.
        Row("dhcp", "*: dhcp"), Row("on", "*: dhcp"), Row("any", "*: dhcp"), Row("", "*: dhcp"),
        Row("both", "*: dhcp"), Row("bootp", "*: dhcp"), Row("rarp", "*: dhcp"),
        Row("single-dhcp", "*: dhcp"), Row("off", "*: off"), Row("none", "*: off"),
        Row("auto6", "*: ipv6"), Row("dhcp6", "*: ipv6"), Row("either6", "*: ipv6"),
        Row("link6", "*: ipv6"), Row("link-local", "*: link-local"),
        // klibc: an interface or an address alone.
        Row("eth0", "eth0: dhcp"), Row("192.0.2.5", "*: 192.0.2.5/24"),
        Row("10.1.2.3", "*: 10.1.2.3/8"),
        // dracut: IF:METHOD[:MTU[:MAC]]
        Row("eth0:dhcp", "eth0: dhcp"), Row("enp3s0:on", "enp3s0: dhcp"),
        Row("eth0:dhcp:9000", "eth0: dhcp, mtu 9000"), Row("eth0:auto6", "eth0: ipv6"),
        Row("eth0:off", "eth0: off"), Row("eth0.5:link-local", "eth0.5: link-local"),
        Row("bond0:dhcp:1400:", "bond0: dhcp, mtu 1400"),
        // The long form.
        Row(
            "192.0.2.5::192.0.2.1:255.255.255.0:box:eth0:none",
            "eth0: 192.0.2.5/24, default via 192.0.2.1, host box"),
        Row(
            "192.0.2.5:192.0.2.9:192.0.2.1:28:box.example:eth0:off",
            "eth0: 192.0.2.5/28, default via 192.0.2.1, host box.example"),
        Row("192.0.2.5:::255.255.255.0", "*: 192.0.2.5/24"),
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
        Row("192.0.2.5::router:24::eth0:none", "'router' is no gateway"),
        Row("192.0.2.5::192.0.2.5:24::eth0:none", "'192.0.2.5' is no gateway"),
        Row("192.0.2.5::192.0.2.1:24:a_b:eth0:none", "'a_b' is no host name"),
        Row("192.0.2.5::192.0.2.1:24::eth0:sometimes", "'sometimes' is no method"),
        Row("192.0.2.5::192.0.2.1:24::eth0:none:12", "'12' is no MTU"),
        Row("192.0.2.5::192.0.2.1:24::eth0:none:192.0.2.2:x", "'x' is no address of a server"),
        Row("eth0:dhcp:jumbo", "'jumbo' is no MTU"),
        Row("eth0:dhcp:1500:52:54:00:12:34:56", "davit does not change hardware addresses"),
        Row(
            "[2001:db8::5]::[2001:db8::1]:64::eth0:none",
            "IPv6 addresses come by router advertisements and DHCPv6, not by ip="),
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

    @Test func nameServersAreTakenAndOthersNamed() {
        let parameters = NetworkParameters(
            parsing: "nameserver=192.0.2.2 nameserver=dns.example nameserver=192.0.2.3")
        #expect(
            parameters.nameServers == [IPv4Address(192, 0, 2, 2), IPv4Address(192, 0, 2, 3)])
        #expect(parameters.complaints.count == 1)
        #expect(
            NetworkFiles.resolvConf([], named: parameters.nameServers)
                == "nameserver 192.0.2.2\nnameserver 192.0.2.3\n")
    }

    @Test func quotesHoldBlanksAndWhatFollowsTwoHyphensIsForInit() {
        let parameters = KernelParameters(
            parsing: "a=1 b=\"two words\" \"c=x y\" ip=eth0 -- ip=eth1\n")
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
            }
        }
    }
}
