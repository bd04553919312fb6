import Addresses
import NetworkCore
import Testing

@Suite struct RouterOptionsTests {
    static let option: [UInt8] = [
        25, 3, 0, 0, 0, 0, 0x02, 0x58,  // RDNSS, 24 bytes, 600 s
        0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53,
        31, 3, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,  // DNSSL, 24 bytes, for ever
        3, 0x6C, 0x61, 0x62, 7, 0x65, 0x78, 0x61, 0x6D, 0x70, 0x6C, 0x65, 0, 0, 0, 0,
    ]

    @Test func serversAndDomainsAreRead() throws {
        let options = RouterOptions(parsing: Self.option[...])
        #expect(options.nameServers.map(\.address.description) == ["2001:db8::53"])
        #expect(options.nameServers.map(\.lifetime) == [600])
        #expect(options.search.map(\.domain) == ["lab.example"])
        #expect(options.search.map(\.lifetime) == [.max])
    }

    @Test func brokenOnesEndTheReading() {
        for count in 0..<Self.option.count {
            let options = RouterOptions(parsing: Self.option.prefix(count))
            #expect(options.nameServers.count == (count < 24 ? 0 : 1))
            #expect(options.search.count == 0)
        }
        #expect(RouterOptions(parsing: [25, 0, 0, 0]).nameServers.isEmpty, "no endless loop")
    }

    @Test func othersAreLeftOutAndMuchIsCut() {
        var other = Self.option
        other[0] = 24
        other[24] = 3
        #expect(RouterOptions(parsing: other[...]) == RouterOptions(parsing: []))
        let server = [UInt8](Self.option[8..<24])
        let group: [UInt8] = [0xFF, 2] + [UInt8](repeating: 0, count: 13) + [1]
        let servers = Array(repeating: server, count: 9).flatMap { $0 }
        let many: [UInt8] = [25, 21, 0, 0, 0, 0, 2, 88] + group + servers
        #expect(RouterOptions(parsing: many[...]).nameServers.count == 8)
        #expect(RouterOptions(parsing: many[...]).nameServers.allSatisfy { $0.address.isHost })
        let names = (97...101 as ClosedRange<UInt8>).flatMap { letter -> [UInt8] in
            [1, letter, 0]
        }
        let list: [UInt8] = [31, 3, 0, 0, 0, 0, 2, 88] + names + [0]
        #expect(RouterOptions(parsing: (list + list)[...]).search.count == 8)
    }

    @Test(
        arguments: [
            ([0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "2001:db8::1"),
            ([0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1], "fe80::1:0:0:1"),
            ([UInt8](repeating: 0, count: 16), "::"),
            ([0, 1, 0, 0, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8], "1:0:3:4:5:6:7:8"),
            ([0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0, 0, 0], "1:2:3:4:5:6::"),
            ([0, 0, 0, 0, 0, 3, 0, 4, 0, 5, 0, 0, 0, 0, 0, 0], "0:0:3:4:5::"),
            ([0, 0, 0, 0, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0, 0, 0], "::3:4:5:6:0:0"),
        ] as [([UInt8], String)]) func addressesAreWrittenCanonically(bytes: [UInt8], text: String)
    {
        #expect(IPv6Address(bytes: bytes)?.description == text)
    }

    @Test func anAddressHasSixteenBytes() {
        #expect(IPv6Address(bytes: [UInt8](repeating: 1, count: 15)) == nil)
        #expect(IPv6Address.allDHCPServers.description == "ff02::1:2")
        #expect(IPv6Address.multicastDNS.description == "ff02::fb")
        #expect(!IPv6Address.multicastDNS.isHost)
    }
}
