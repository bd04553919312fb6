import Foundation
import JSONKit
import LinuxKit
import Testing

/// `davit net` against dnsmasq, in namespaces.
@Suite(.serialized, .timeLimit(.minutes(20))) struct NetCommandTests {
    let lab: NetworkLab

    init() throws { lab = try NetworkLab() }

    @Test func aLeaseIsAppliedAndWrittenDown() throws {
        try lab.startServer()
        let resolvConf = lab.directory + "/resolv.conf"
        let result = try lab.run([
            "--interface", "cli", "--once", "--timeout", "180", "--resolv-conf", resolvConf,
        ])
        #expect(result.exit == .code(0))
        #expect(result.output.contains("cli: has 10.55.0.5"))
        let addresses = try lab.addresses()
        #expect(addresses.count == 1)
        #expect(try lab.routes().contains("default via 10.55.0.1 dev cli proto dhcp src 10.55.0.5"))
        let lifetime = try lab.onClient("ip -4 address show dev cli")
        #expect(lifetime.contains("brd 10.55.0.255"))
        #expect(lifetime.contains("valid_lft ") && !lifetime.contains("valid_lft forever"))
        #expect(Files.text(resolvConf) == "search lab.example\nnameserver 10.55.0.1")
        #expect(lab.state()?["address"]?.string == addresses.first)
        #expect(lab.state()?["gateway"]?.string == "10.55.0.1")
        #expect(lab.state()?["leaseSeconds"]?.int == 120)
        #expect(
            Files.text(lab.directory + "/net-cli.conf")?.contains("IPV4GATEWAY='10.55.0.1'")
                == true)
    }

    @Test func aSecondRunAndOneAfterAKillAddNothing() throws {
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        let (addresses, routes) = (try lab.addresses(), try lab.routes())
        #expect(try lab.end(SIGKILL) == .signal(SIGKILL))
        #expect(try lab.addresses() == addresses, "a killed daemon leaves the network as it is")

        try lab.start()
        try lab.wait(for: "the lease confirmed by the server") {
            lab.ownLog.contains("renewed 10.55.0.5")
        }
        #expect(lab.ownLog.contains("takes up the lease of 10.55.0.5"))
        #expect(lab.ownLog.contains("REQUEST sent") && !lab.ownLog.contains("DISCOVER sent"))
        #expect(try lab.addresses() == addresses)
        #expect(try lab.routes() == routes)
        #expect(
            try lab.run(["--interface", "cli", "--once", "--timeout", "180"]).exit == .code(0))
        #expect(try lab.addresses() == addresses)
        #expect(try lab.routes() == routes)
    }

    /// Who runs it by hand beside the supervisor's gets a word, and who only waits waits for that one.
    @Test func aSecondOneIsRefusedOrFollows() throws {
        try lab.start()
        try lab.wait(for: "a try") { lab.state()?["tries"]?.int ?? 0 >= 1 }
        let refused = try lab.run(["--interface", "cli"])
        #expect(refused.exit == .code(1))
        #expect(refused.output.contains("davit net: it runs already as process "))
        let early = try lab.run(["--interface", "cli", "--once", "--timeout", "1"])
        #expect(early.exit == .code(99))
        #expect(early.output.contains("davit net: cli: no DHCP server has given an address"))
        #expect(lab.state()?["state"]?.string == "selecting", "nobody else wrote there")

        try lab.startServer()
        let followed = try lab.run(["--once", "--timeout", "180"])
        #expect(followed.exit == .code(0))
        #expect(followed.output.contains("cli: has 10.55.0.5"))
        #expect(lab.state()?["state"]?.string == "bound")

        // The one that it waits for ends: it does the work itself. While that one lives it would repair what is forgotten.
        #expect(try lab.end(SIGKILL) == .signal(SIGKILL))
        try lab.forget()
        lab.stopServer()
        try lab.startServer()
        #expect(try lab.run(["--interface", "cli", "--once", "--timeout", "180"]).exit == .code(0))
        #expect(try lab.addresses().count == 1)
    }

    @Test func aServerThatComesLateIsUsed() throws {
        try lab.start()
        try lab.wait(for: "several tries and a word about them") {
            lab.state()?["tries"]?.int ?? 0 >= 4 && lab.log.contains("no DHCP server answers")
        }
        try lab.startServer()
        try lab.waitUntilConfigured()
    }

    @Test func withoutAServerOnceEndsInTime() throws {
        let result = try lab.run(["--interface", "cli", "--once", "--timeout", "2"])
        #expect(result.exit == .code(99))
        #expect(
            result.output
                == "davit net: cli: no DHCP server has given an address, and there is no IPv6 with a way out.\n"
        )
        #expect(result.took >= .seconds(2) && result.took < patience)
    }

    @Test func anUnknownInterfaceIsNamedAndWaitedFor() throws {
        try lab.startServer()
        try lab.start(["--interface", "cli1"])
        try lab.wait(for: "the message") {
            lab.log.contains(
                "cli1: there is no such interface; waiting for it. There are: lo, cli.")
        }
        // The file is written before that is said.
        #expect(lab.state("cli1")?["state"]?.string == "absent")
        try lab.connect(1)
        try lab.waitUntilConfigured(interface: "cli1")
    }

    @Test func aLeaseIsRenewedByUnicast() throws {
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        let before = lab.state()?["leaseEndsAt"]?.int ?? 0
        try lab.wait(for: "two renewals") {
            lab.state()?["counters"]?["renewals"]?.int ?? 0 >= 2
        }
        #expect(lab.state()?["leaseEndsAt"]?.int ?? 0 > before)
        #expect(lab.state()?["counters"]?["leases"]?.int == 1)
        #expect(lab.state()?["lastError"] == .null)
        #expect(try lab.addresses().count == 1)
    }

    @Test func anotherPoolIsMovedTo() throws {
        try lab.startServer(pool: 50)
        try lab.start()
        try lab.waitUntilConfigured()
        lab.stopServer()
        try lab.startServer(pool: 150)
        try lab.wait(for: "an address of the other pool, alone") {
            let addresses = try lab.addresses()
            return addresses.count == 1 && addresses[0].hasPrefix("10.55.0.15")
        }
        // The file comes behind the kernel, and of the old lease it says "bound", too.
        try lab.wait(for: "the new lease in the file") {
            lab.state()?["address"]?.string?.hasPrefix("10.55.0.15") == true
        }
        try lab.waitUntilConfigured()
        #expect(lab.state()?["counters"]?["refusals"]?.int == 1)
        try lab.wait(for: "its route") { try lab.routes().contains("src 10.55.0.15") }
    }

    @Test func aCableThatIsPulledKeepsTheAddressAndIsAskedAgain() throws {
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        let addresses = try lab.addresses()
        _ = try lab.onServer("ip link set srv down")
        try lab.wait(for: "the loss noticed") {
            lab.state()?["state"]?.string == "no-carrier"
        }
        #expect(try lab.addresses() == addresses)
        _ = try lab.onServer("ip link set srv up")
        try lab.wait(for: "the carrier, and a question") {
            afterTheCarrier().contains { $0.contains(" sent (try ") }
        }
        try lab.waitUntilConfigured()
        #expect(try lab.addresses() == addresses)
        // What is written next is the question, and it is for the same again. By the clock a busy machine may come late.
        #expect(afterTheCarrier().first?.contains("REQUEST sent") == true)
        #expect(!afterTheCarrier().contains { $0.contains("DISCOVER sent") })
    }

    /// What the log has behind the carrier that came back.
    private func afterTheCarrier() -> [String] {
        let lines = lab.log.components(separatedBy: "\n").filter { !$0.isEmpty }
        guard let lost = lines.lastIndex(where: { $0.contains("lost its carrier") }),
            let back = lines[lost...].firstIndex(where: { $0.contains("has a carrier") })
        else { return [] }
        return Array(lines[(back + 1)...])
    }

    @Test func anInterfaceThatVanishesIsTakenUpAgain() throws {
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        let addresses = try lab.addresses()
        _ = try lab.onServer("ip link delete srv")
        try lab.wait(for: "the loss noticed") { lab.state()?["state"]?.string == "absent" }
        try lab.connect()
        lab.stopServer()
        try lab.startServer()
        try lab.waitUntilConfigured()
        #expect(try lab.addresses() == addresses, "asked for by name, so the same again")
    }

    @Test func twoInterfacesStandSideBySide() throws {
        try lab.connect(1)
        try lab.startServer()
        let result = try lab.run([
            "--interface", "cli", "--interface", "cli1", "--once", "--timeout", "180",
        ])
        #expect(result.exit == .code(0))
        #expect(try lab.addresses("cli").first?.hasPrefix("10.55.0.") == true)
        #expect(try lab.addresses("cli1").first?.hasPrefix("10.55.1.") == true)
        let routes = try lab.routes()
        #expect(routes.contains("default via 10.55.0.1 dev cli "))
        #expect(routes.contains("default via 10.55.1.1 dev cli1 "))
    }

    @Test(arguments: [
        "ip address flush dev cli", "ip route delete default", "ip link set cli down",
    ]) func whatSomebodyTakesAwayIsRepaired(line: String) throws {
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        let (addresses, routes) = (try lab.addresses(), try lab.routes())
        _ = try lab.onClient(line)
        try lab.wait(for: "everything as it was") {
            try lab.addresses() == addresses && lab.routes() == routes
        }
    }

    @Test func atTheEndTheAddressStaysOrGoesAsAsked() throws {
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        #expect(try lab.end() == .code(0))
        #expect(try lab.addresses().count == 1)
        #expect(lab.state()?["state"]?.string == "stopped")

        _ = try lab.onClient("ip address add 10.99.0.1/24 dev cli")
        try lab.start(["--interface", "cli", "--release-on-exit"])
        try lab.waitUntilConfigured()
        #expect(try lab.end() == .code(0))
        #expect(try lab.addresses() == ["10.99.0.1/24"], "what is not ours stays")
        #expect(try !lab.routes().contains("default"))
        #expect(try lab.onClient("ip -brief link show dev cli").contains("DOWN"))
    }

    @Test func withoutTheRightItSaysWhichIsMissing() throws {
        try FileManager.default.createDirectory(
            atPath: lab.directory + "/run", withIntermediateDirectories: true)
        _ = try lab.onClient("chmod 777 \(lab.directory)/run")
        let result = try lab.run(
            ["--interface", "cli", "--once"],
            prefix: ["/usr/bin/setpriv", "--bounding-set=-all", "--inh-caps=-all"])
        #expect(result.exit == .code(111))
        #expect(result.output.contains("Operation not permitted"))
        #expect(result.output.contains("Run it as root, or with CAP_NET_ADMIN and CAP_NET_RAW."))
    }
}
