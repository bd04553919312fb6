import Testing

@testable import SSHCore

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("22", "[::]:22"), (":2222", "[::]:2222"), ("[::]:22", "[::]:22"),
        ("192.0.2.5:22", "192.0.2.5:22"), ("[2001:db8::1]:2222", "[2001:db8::1]:2222"),
    ])
    func readsAddresses(text: String, shown: String) {
        #expect(ListenAddress(text)?.description == shown)
    }

    @Test(arguments: [
        "", ":", "0", "65536", "-1", "+22", "host:22", "192.0.2.5", "192.0.2.5:", "2001:db8::1:22",
        "[::1]", "[::1]22", "[192.0.2.5:22", "[]:22", "1.2.3.4:x",
    ])
    func refusesWhatIsNoAddress(text: String) { #expect(ListenAddress(text) == nil) }
}
