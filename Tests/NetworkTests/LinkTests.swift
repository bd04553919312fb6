import Foundation
import JSONKit
import LinuxKit
import Testing

/// `davit net` and the other machines on the link: who has which address, and who is there at all.
@Suite(.serialized, .timeLimit(.minutes(20))) struct LinkTests {
    let lab: NetworkLab

    init() throws { lab = try NetworkLab() }

    /// The other machine is a Linux, which says nothing when it is told, and answers when it is asked.
    @Test func whoUsesOurAddressIsToldAndAskedAndThenGivenWayTo() throws {
        try lab.addNeighbour()
        try lab.startServer()
        try lab.start()
        try lab.waitUntilConfigured()
        let own = try #require(lab.state()?["address"]?.string?.split(separator: "/").first)
        // What it was given may still be on trial, when one word would be enough. It has begun by now.
        let trialEnds = Clock.now + .seconds(9)
        try lab.wait(for: "the end of the trial") { Clock.now > trialEnds }
        _ = try lab.onNeighbour(
            "ip address add \(own)/32 dev far && arping -q -A -c 1 -I far -s \(own) \(own)")
        try lab.wait(for: "the defence") { lab.log.contains("told it whose it is") }
        try lab.wait(for: "the retreat") { lab.state()?["counters"]?["conflicts"]?.int ?? 0 >= 2 }
        try lab.wait(for: "another address") {
            let addresses = try lab.addresses()
            return addresses.count == 1 && !addresses[0].hasPrefix("\(own)/")
        }
        try lab.expectLogged("\(own) is in use by another machine; asks for another in 3")
    }

    @Test func withoutAServerItHelpsItselfAndWhoeverIsHeardIsAsked() throws {
        try lab.start()
        // The file comes last, behind the kernel and the log.
        try lab.wait(for: "a link-local address") {
            try lab.addresses().first?.hasPrefix("169.254.") == true
                && lab.state()?["linkLocal"]?.string != nil
        }
        let own = try #require(lab.state()?["linkLocal"]?.string)
        #expect(try lab.addresses() == ["\(own)/16"])
        #expect(try lab.onClient("ip -4 address show dev cli").contains("scope link"))
        try lab.expectLogged("no lease yet: has given itself \(own)/16 meanwhile")
        #expect(lab.state()?["configured"]?.bool == false)

        // The router boots: first comes an ARP packet. What is written next is the question.
        _ = try lab.onServer("arping -q -U -c 1 -I srv 10.55.0.1")
        var next: String?
        try lab.wait(for: "the sign heard, and what came of it") {
            let lines = lab.log.components(separatedBy: "\n").drop {
                !$0.contains("somebody is heard on the link again; asks at once")
            }
            next = lines.dropFirst().first { !$0.isEmpty }
            return next != nil
        }
        #expect(try #require(next).contains("DISCOVER sent"))
        try lab.startServer()
        try lab.waitUntilConfigured()
        try lab.wait(for: "the lease's address alone") {
            let addresses = try lab.addresses()
            return addresses.count == 1 && addresses[0].hasPrefix("10.55.0.5")
        }
        try lab.wait(for: "no other in the file") { lab.state()?["linkLocal"] == .null }
    }

    /// More links than one answer of the kernel holds, and they change all the time.
    @Test func listsThatChangeUnderWayAreListedAgain() throws {
        _ = try lab.onClient(
            """
            for n in $(seq 150); do echo "link add many$n type veth peer name more$n"; done \
            >\(lab.directory)/batch && ip -batch \(lab.directory)/batch
            """)
        try lab.startServer()
        _ = try lab.onClient(
            """
            (while [ -e \(lab.directory)/batch ]; do
              for n in $(seq 150); do echo "link set many$n alias $(date +%N)"; done | ip -batch -
            done) >/dev/null 2>&1 &
            """)
        defer { _ = try? lab.onClient("rm \(lab.directory)/batch") }
        try lab.start()
        try lab.waitUntilConfigured()
        #expect(!lab.log.contains("Device or resource busy"))
    }

    @Test func aNoticeReachesTheMemoryThatOutlivesAReset() throws {
        let memory = lab.directory + "/pmsg0"
        try Files.replace(memory, with: "")
        try lab.startServer()
        try lab.start()
        try lab.wait(for: "a notice") { Files.text(memory)?.contains("net[") == true }
        #expect(Files.text(memory)?.hasPrefix("davit: ") == true)
    }

    @Test func theServerKnowsItByTheIdentifierItIsGiven() throws {
        try lab.startServer()
        let result = try lab.run([
            "--interface", "cli", "--once", "--timeout", "180", "--client-id", "ff:00:01:02:03",
        ])
        #expect(result.exit == .code(0))
        try lab.wait(for: "it in the server's file") {
            Files.text(lab.directory + "/dnsmasq-50.leases")?.hasSuffix("ff:00:01:02:03") == true
        }
    }
}
