import JSONKit
import LinuxKit
import Testing

/// `davit net` and the other machines on the link: who has which address, and who is there at all.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LinkTests {
    let lab: NetworkLab

    init() throws { lab = try NetworkLab() }

    @Test func whoUsesOurAddressIsToldOnceAndThenGivenWayTo() throws {
        try lab.addNeighbour()
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        let own = try #require(lab.state()?["address"]?.string?.split(separator: "/").first)
        let claim = "arping -q -A -c 1 -I far -s \(own) \(own)"
        _ = try lab.onNeighbour("ip address add \(own)/32 dev far && \(claim)")
        try lab.wait(3, for: "the defence") { lab.log.contains("told it whose it is") }
        #expect(try lab.addresses().count == 1)
        _ = try lab.onNeighbour(claim)
        try lab.wait(3, for: "the retreat") { lab.state()?["state"]?.string == "declined" }
        try lab.wait(2, for: "no address") { try lab.addresses() == [] }
        #expect(lab.state()?["counters"]?["conflicts"]?.int == 2)
    }

    @Test func withoutAServerItHelpsItselfAndWhoeverIsHeardIsAsked() throws {
        try lab.start()
        try lab.wait(24, for: "a link-local address") {
            try lab.addresses().first?.hasPrefix("169.254.") == true
        }
        let own = try #require(lab.state()?["linkLocal"]?.string)
        #expect(try lab.addresses() == ["\(own)/16"])
        #expect(try lab.onClient("ip -4 address show dev cli").contains("scope link"))
        #expect(lab.log.contains("no lease yet: has given itself \(own)/16 meanwhile"))
        #expect(lab.state()?["configured"]?.bool == false)

        // The router boots: its server is there, and then its first ARP packet.
        try lab.startServer()
        try lab.wait(5, for: "the server listens") {
            try lab.onServer("ss -Hulpn sport = :67").contains("dnsmasq")
        }
        _ = try lab.onServer("arping -q -U -c 1 -I srv 10.55.0.1")
        let heard = Clock.now
        try lab.waitUntilConfigured(3)
        #expect(Clock.now - heard < .milliseconds(2500))
        try lab.wait(2, for: "the lease's address alone") {
            let addresses = try lab.addresses()
            return addresses.count == 1 && addresses[0].hasPrefix("10.55.0.5")
        }
        #expect(lab.state()?["linkLocal"] == .null)
    }

    @Test func theServerKnowsItByTheIdentifierItIsGiven() throws {
        try lab.startServer()
        let result = try lab.run([
            "--interface", "cli", "--once", "--timeout", "20", "--client-id", "ff:00:01:02:03",
        ])
        #expect(result.exit == .code(0))
        #expect(
            Files.text(lab.directory + "/dnsmasq-50.leases")?.hasSuffix("ff:00:01:02:03") == true)
    }
}
