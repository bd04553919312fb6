import ExportCore
import Testing

struct PortalTests {
    @Test(arguments: [
        ("192.0.2.5", "192.0.2.5:3260"), ("192.0.2.5:3261", "192.0.2.5:3261"),
        ("0.0.0.0", "0.0.0.0:3260"), ("2001:DB8::5", "[2001:db8::5]:3260"),
        ("2001:db8:0:0::5", "[2001:db8::5]:3260"),
        ("[2001:db8::5]", "[2001:db8::5]:3260"), ("[::1]:860", "[::1]:860"),
    ])
    func `an address is read with and without a port`(text: String, shown: String) throws {
        #expect(try Portal(text).description == shown)
    }

    @Test(arguments: [
        ("192.0.2.5", nil), ("0.0.0.0:3261", "127.0.0.1:3261"), ("127.0.0.2", "127.0.0.2:3260"),
        ("[::]:3260", "[::1]:3260"), ("::1", "[::1]:3260"), ("2001:db8::1", nil),
    ])
    func `the loopback reaches what listens there or everywhere`(
        text: String, inner: String?
    ) throws {
        #expect(try Portal(text).onLoopback?.description == inner)
    }

    @Test(arguments: [
        ("0.0.0.0", true, false), ("::", true, false), ("127.0.0.1", false, true),
        ("::1", false, true), ("192.0.2.5", false, false), ("2001:db8::1", false, false),
    ])
    func `who reaches it follows from the address`(
        text: String, isEverywhere: Bool, isLoopback: Bool
    ) throws {
        let portal = try Portal(text)
        #expect([portal.isEverywhere, portal.isLoopback] == [isEverywhere, isLoopback])
    }

    @Test(arguments: [
        "", ":", "192.0.2", "192.0.2.256", "192.0.2.05", "192.0.2.5:", "192.0.2.5:0",
        "192.0.2.5:65536",
        "192.0.2.5:+1", "router", "[2001:db8::5", "[2001:db8::5]x", "[2001:db8::5]:",
        "fe80::1%eth0",
        "1:2:3:4:5:6:7:8:9", "12345::", "1:2:3", "1::2::3",
    ])
    func `what is no address is refused`(text: String) {
        #expect(throws: Refusal.badPortal(text)) { try Portal(text) }
    }
}
