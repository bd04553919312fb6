import JSONKit
import LinuxKit
import Testing

/// `davit net` against the servers that people have besides dnsmasq: ISC dhcpd and Kea.
@Suite(.serialized, .timeLimit(.minutes(20))) struct ServerTests {
    typealias Server = NetworkLab.Server
    let lab: NetworkLab

    init() throws { lab = try NetworkLab() }

    /// The server comes late, gives a lease, renews it, and is replaced by one with another pool.
    @Test(arguments: [Server.dhcpd, .kea])
    func aLateServerGivesRenewsAndIsReplaced(kind: Server) throws {
        try lab.start()
        try lab.wait(for: "a try") { lab.state()?["tries"]?.int ?? 0 >= 1 }
        try lab.start(kind)
        try lab.waitUntilConfigured()
        #expect(try lab.addresses().first?.hasPrefix("10.55.0.5") == true)
        #expect(try lab.routes().contains("default via 10.55.0.1 dev cli proto dhcp src 10.55.0.5"))
        #expect(lab.state()?["domain"]?.string == "lab.example")
        #expect(lab.state()?["leaseSeconds"]?.int == 120)

        try lab.wait(for: "a renewal") {
            lab.state()?["counters"]?["renewals"]?.int ?? 0 >= 1
        }
        #expect(lab.state()?["lastError"] == .null)

        // Both keep silent when a lease that they do not know is renewed. When it is asked for again (INIT-REBOOT), as after the
        // loss of the carrier that a router's restart is, Kea refuses it; dhcpd keeps silent still, and is searched for anew.
        // The server listens before the carrier is back: nobody refuses anything else to somebody who gives up asking meanwhile.
        lab.stopServer()
        try lab.start(kind, pool: 150)
        _ = try lab.onServer("ip link set srv down")
        try lab.wait(for: "the loss noticed") { lab.state()?["carrier"]?.bool == false }
        _ = try lab.onServer("ip link set srv up")
        try lab.wait(for: "an address of the other pool, alone") {
            let addresses = try lab.addresses()
            return addresses.count == 1 && addresses[0].hasPrefix("10.55.0.15")
        }
        try lab.wait(for: "the new lease in the file") {
            lab.state()?["address"]?.string?.hasPrefix("10.55.0.15") == true
        }
        #expect(lab.state()?["counters"]?["refusals"]?.int == (kind == .kea ? 1 : 0))
    }

    @Test func anAddressThatAnotherMachineHasIsDeclinedAndAnotherTaken() throws {
        try lab.addNeighbour()
        try lab.start()
        try lab.start(.kea)
        try lab.waitUntilConfigured()
        let first = try #require(try lab.addresses().first)
        #expect(try lab.end() == .code(0))
        try lab.forget()
        _ = try lab.onNeighbour("ip address add \(first) dev far")

        try lab.start()
        try lab.wait(for: "the conflict in the file") {
            lab.state()?["lastError"]?.string?.hasSuffix("is in use by 02:00:00:00:00:66.") == true
        }
        try lab.waitUntilConfigured()
        #expect(try !lab.addresses().contains(first))
        #expect(
            !lab.log.contains("configured with \(first)"), "it was asked about before it was used")
        try lab.wait(for: "Kea's word of it") {
            Files.text(lab.directory + "/kea.log")?.contains("DHCP4_DECLINE_LEASE") == true
        }
    }
}
