import Addresses
import Bytes

/// One UDP datagram with its IPv4 header, as it stands behind the Ethernet header. Source: RFC 791, RFC 768.
package struct UDPPacket: Equatable, Sendable {
    package var source: IPv4Address
    package var destination: IPv4Address
    package var sourcePort: UInt16
    package var destinationPort: UInt16
    package var payload: [UInt8]

    package init(
        from source: IPv4Address, port sourcePort: UInt16,
        to destination: IPv4Address, port destinationPort: UInt16, payload: [UInt8]
    ) {
        self.source = source
        self.destination = destination
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.payload = payload
    }

    /// Why bytes are no datagram for us.
    package enum Refusal: Error, Equatable, Sendable {
        case tooShort, notIPv4, fragment, notUDP, badHeaderChecksum, badChecksum
    }

    /// Reads one packet; bytes behind the length that the header gives (Ethernet's padding) are left out.
    /// - Parameter checksumIsVouchedFor: the kernel says that the UDP checksum is right or not filled in yet, as it is
    ///   on virtual links, where a checksum of our own would refuse good packets.
    /// - Throws: `Refusal`.
    package init(
        parsing bytes: ArraySlice<UInt8>, checksumIsVouchedFor: Bool
    ) throws(Refusal) {
        guard let first = bytes.first else { throw .tooShort }
        let headerLength = Int(first & 0x0F) * 4
        guard first >> 4 == 4, headerLength >= 20 else { throw .notIPv4 }
        let whole = bytes
        var outer = ByteReader(whole)
        guard let header = outer.bytes(headerLength) else { throw .tooShort }

        var reader = ByteReader(header)
        _ = reader.bytes(2)
        guard let totalLength = reader.uint16(), reader.uint16() != nil,
            let fragment = reader.uint16(), reader.byte() != nil,
            let transport = reader.byte(), reader.uint16() != nil,
            let source = reader.uint32(), let destination = reader.uint32()
        else { throw .tooShort }
        // More fragments, or an offset: the datagram is not whole, and DHCP is never fragmented.
        guard fragment & 0x3FFF == 0 else { throw .fragment }
        guard transport == Self.udp else { throw .notUDP }
        var headerSum = Checksum()
        headerSum.add(header)
        guard headerSum.value == 0 else { throw .badHeaderChecksum }

        guard let body = outer.bytes(Int(totalLength) - headerLength) else { throw .tooShort }
        var udp = ByteReader(body)
        guard let sourcePort = udp.uint16(), let destinationPort = udp.uint16(),
            let length = udp.uint16(), let checksum = udp.uint16(),
            let payload = udp.bytes(Int(length) - 8)
        else { throw .tooShort }
        self.init(
            from: .init(rawValue: source), port: sourcePort,
            to: .init(rawValue: destination), port: destinationPort, payload: Array(payload))

        guard checksum != 0, !checksumIsVouchedFor else { return }
        var sum = pseudoHeader(length: length)
        sum.add(body.prefix(Int(length)))
        guard sum.value == 0 else { throw .badChecksum }
    }

    /// The packet with both checksums, never to be fragmented, type of service 0x10 as DHCP clients use.
    package var encoded: [UInt8] {
        let length = UInt16(truncatingIfNeeded: payload.count &+ 8)
        var header = ByteWriter(reserving: 28 + payload.count)
        header.append(UInt8(0x45))
        header.append(UInt8(0x10))
        header.append(length &+ 20)
        header.append(UInt16(0))
        header.append(UInt16(0x4000))
        header.append(UInt8(64))
        header.append(Self.udp)
        var headerSum = Checksum()
        headerSum.add(header.bytes)
        headerSum.add(source.bytes)
        headerSum.add(destination.bytes)
        header.append(headerSum.value)
        header.append(source.bytes)
        header.append(destination.bytes)

        var sum = pseudoHeader(length: length)
        sum.add(sourcePort)
        sum.add(destinationPort)
        sum.add(length)
        sum.add(payload)
        header.append(sourcePort)
        header.append(destinationPort)
        header.append(length)
        // A sum of zero is sent as all ones: zero means that there is no checksum.
        header.append(sum.value == 0 ? 0xFFFF : sum.value)
        header.append(payload)
        return header.bytes
    }

    private static let udp: UInt8 = 17

    private func pseudoHeader(length: UInt16) -> Checksum {
        var sum = Checksum()
        sum.add(source.bytes)
        sum.add(destination.bytes)
        sum.add(UInt16(Self.udp))
        sum.add(length)
        return sum
    }
}
