import Testing

@testable import Addresses

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::"), ("::1", "::1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("2001:db8::", "2001:db8::"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:2:3:4:5:6:0:8", "1:2:3:4:5:6:0:8"),
        ("::ffff:192.0.2.7", "192.0.2.7"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ])
    func readsAndWritesTheCanonicalText(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", ".", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.+4", ":", ":::", "1::2::3",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::g", "1:", ":1", "1:2:3:4:5:6:7:8::",
        "fe80::1%eth0", "::1.2.3", "+1::", "1.2.3.4:5", String(repeating: "1", count: 100),
    ])
    func refusesWhatIsNoAddress(text: String) { #expect(IPAddress(text) == nil) }

    @Test(arguments: [
        ("192.0.2.77", "192.0.2.64", 26, true), ("192.0.2.63", "192.0.2.64", 26, false),
        ("10.0.0.1", "0.0.0.0", 0, true), ("10.0.0.1", "10.0.0.1", 32, true),
        ("10.0.0.1", "10.0.0.1", 33, false), ("10.0.0.1", "10.0.0.1", -1, false),
        ("2001:db8::1", "2001:db8::", 64, true), ("2001:db8:0:1::1", "2001:db8::", 64, false),
        ("10.0.0.1", "::", 0, false),
    ])
    func knowsItsNetworks(address: String, network: String, bits: Int, isWithin: Bool) throws {
        let address = try #require(IPAddress(address))
        #expect(address.isWithin(try #require(IPAddress(network)), bits: bits) == isWithin)
    }

    @Test func countsAWholeNetworkOfVersion6AsOne() throws {
        let one = try #require(IPAddress("2001:db8::1:2:3:4"))
        #expect(one.neighbourhood == IPAddress("2001:db8::"))
        #expect(IPAddress("192.0.2.1")?.neighbourhood == IPAddress("192.0.2.1"))
    }
}
