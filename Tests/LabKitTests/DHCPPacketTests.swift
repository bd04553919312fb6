import LabKit
import Testing

struct DHCPPacketTests {
    /// A frame as it stands on the bridge, with the given DHCP options.
    private func frame(options: [UInt8], serverPort: UInt8 = 67) -> [UInt8] {
        var frame: [UInt8] = Array(repeating: 0xFF, count: 6)  // to: broadcast
        frame += [0x52, 0x54, 0x00, 0xDA, 0x71, 0x01]  // from
        frame += [0x08, 0x00]  // IPv4
        frame += [0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0]  // version, length 20, UDP
        frame += [0, 0, 0, 0, 255, 255, 255, 255]  // addresses
        frame += [0, 68, 0, serverPort, 0, 0, 0, 0]  // ports, length, checksum
        frame += [1, 1, 6, 0]  // request, Ethernet, address length, hops
        frame += [0xDE, 0xAD, 0xBE, 0xEF]  // transaction
        frame += [0, 0, 0, 0, 0, 0, 0, 0]  // seconds, flags, ciaddr
        frame += [10, 77, 0, 62]  // yiaddr
        frame += [0, 0, 0, 0, 0, 0, 0, 0]  // siaddr, giaddr
        frame += [0x52, 0x54, 0x00, 0xDA, 0x71, 0x01] + Array(repeating: 0, count: 10)  // chaddr
        frame += Array(repeating: 0, count: 192)  // sname, file
        frame += [99, 130, 83, 99]  // magic cookie
        return frame + options
    }

    @Test("Kind, transaction, client, address and identifier are read, past padding.")
    func fields() throws {
        let packet = try #require(
            DHCPPacket(frame: frame(options: [0, 53, 1, 1, 61, 3, 1, 2, 3, 255])[...]))
        #expect(packet.kind == .discover)
        #expect(packet.transaction == 0xDEAD_BEEF)
        #expect(packet.client == "52:54:00:da:71:01")
        #expect(packet.address == "10.77.0.62")
        #expect(packet.clientIdentifier == [1, 2, 3])
    }

    @Test(
        "What is no DHCP, or no whole one, is nothing.",
        arguments: [
            [], [53], [53, 1], [53, 9, 1], [53, 1, 99, 255], [61, 1, 0, 255],
        ] as [[UInt8]])
    func nothing(options: [UInt8]) {
        #expect(DHCPPacket(frame: frame(options: options)[...]) == nil)
    }

    @Test("Another port is not DHCP, and every cut frame is survived.")
    func strangers() {
        let whole = frame(options: [53, 1, 1, 255])
        #expect(DHCPPacket(frame: frame(options: [53, 1, 1, 255], serverPort: 53)[...]) == nil)
        for length in 0..<(whole.count - 4) {
            #expect(DHCPPacket(frame: whole[..<length]) == nil)
        }
    }
}
