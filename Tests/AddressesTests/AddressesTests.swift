import Addresses
import Testing

@Suite struct AddressesTests {
    @Test(arguments: ["0.0.0.0", "192.0.2.5", "255.255.255.255"])
    func addressesAreReadAndWritten(text: String) {
        #expect(IPv4Address(parsing: text)?.description == text)
    }

    @Test(arguments: [
        "", "192.0.2", "192.0.2.5.1", "192.0.2.256", "192.0.2.05", "1..2.3", "a.b.c.d",
    ])
    func refusesOtherText(text: String) {
        #expect(IPv4Address(parsing: text) == nil)
    }

    @Test func bytesStandInNetworkOrder() {
        let address = IPv4Address(192, 0, 2, 5)
        #expect(address.bytes == [192, 0, 2, 5])
        #expect(IPv4Address(bytes: [192, 0, 2, 5]) == address)
        #expect(IPv4Address(bytes: [192, 0, 2]) == nil)
    }

    @Test(arguments: [
        (IPv4Address(10, 0, 0, 1), true), (.unspecified, false), (.broadcast, false),
        (IPv4Address(127, 0, 0, 1), false), (IPv4Address(224, 0, 0, 1), false),
        (IPv4Address(240, 0, 0, 1), false), (IPv4Address(169, 254, 7, 7), true),
    ])
    func knowsWhatOneMachineMayHave(address: IPv4Address, isHost: Bool) {
        #expect(address.isHost == isHost)
    }

    @Test(arguments: [
        ("0.0.0.0", 0), ("128.0.0.0", 1), ("255.255.254.0", 23), ("255.255.255.255", 32),
    ])
    func masksBecomeLengths(mask: String, length: Int) throws {
        let mask = try #require(IPv4Address(parsing: mask))
        let prefix = IPv4Prefix(IPv4Address(192, 0, 2, 5), mask: mask)
        #expect(prefix?.length == length)
        #expect(prefix?.mask == mask)
    }

    @Test func refusesAMaskWithAHole() {
        #expect(IPv4Prefix(.unspecified, mask: IPv4Address(255, 0, 255, 0)) == nil)
    }

    @Test func prefixesKnowTheirNetwork() {
        let prefix = IPv4Prefix(IPv4Address(192, 0, 2, 69), length: 26)
        #expect(prefix.network.description == "192.0.2.64/26")
        #expect(prefix.broadcast == IPv4Address(192, 0, 2, 127))
        #expect(prefix.contains(IPv4Address(192, 0, 2, 126)))
        #expect(!prefix.contains(IPv4Address(192, 0, 2, 128)))
        #expect(IPv4Prefix(IPv4Address(192, 0, 2, 1), length: 31).broadcast == nil)
        #expect(IPv4Prefix(.unspecified, length: 0).contains(.broadcast))
        #expect(IPv4Prefix(parsing: "192.0.2.69/26") == prefix)
        #expect(IPv4Prefix(parsing: "192.0.2.69/33") == nil)
        #expect(IPv4Prefix(parsing: "192.0.2.69") == nil)
    }

    @Test func routesAreSaidInWords() {
        let gateway = IPv4Address(192, 0, 2, 1)
        #expect(IPv4Route.default(via: gateway).description == "default via 192.0.2.1")
        let host = IPv4Route(to: IPv4Prefix(gateway, length: 32), via: nil)
        #expect(host.description == "192.0.2.1/32 on the link")
    }

    @Test func hardwareAddressesHaveSixBytes() {
        #expect(
            HardwareAddress(bytes: [0x52, 0x54, 0, 0x0A, 0xFF, 1])?.description
                == "52:54:00:0a:ff:01")
        #expect(HardwareAddress(bytes: [1, 2, 3, 4, 5]) == nil)
    }
}
