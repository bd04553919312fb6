import Bytes
import Testing

@testable import SFTPCore

/// Replies byte by byte, as a client reads them. Source: draft-ietf-secsh-filexfer-02 §5 and §7.
@Suite struct ReplyTests {
    private static let all = Attributes(
        size: 1 << 33, owner: .init(user: 8, group: 9), permissions: 0o100600,
        times: .init(accessed: 5, modified: 6))

    @Test(
        arguments: [
            (Attributes(), Packet.number(0)),
            (Attributes(size: 1 << 33), Packet.number(1) + Packet.long(1 << 33)),
            (
                Attributes(owner: .init(user: 8, group: 9)),
                Packet.number(2) + Packet.number(8) + Packet.number(9)
            ),
            (Attributes(permissions: 0o600), Packet.number(4) + Packet.number(0o600)),
            (
                Attributes(times: .init(accessed: 5, modified: 6)),
                Packet.number(8) + Packet.number(5) + Packet.number(6)
            ),
            (
                all,
                Packet.number(15) + Packet.long(1 << 33) + Packet.number(8) + Packet.number(9)
                    + Packet.number(0o100600) + Packet.number(5) + Packet.number(6)
            ),
        ] as [(Attributes, [UInt8])])
    func attributesHaveOnlyWhatIsKnown(attributes: Attributes, bytes: [UInt8]) throws {
        let reply = Reply.attributes(7, attributes)
        #expect(Array(reply.prefix(4)) == Packet.number(UInt32(5 + bytes.count)))
        #expect(reply[4] == PacketType.attributes.rawValue)
        #expect(Array(reply[5..<9]) == Packet.number(7))
        #expect(Array(reply[9...]) == bytes)
    }

    @Test func aStatusHasItsWordsAndAnEmptyLanguage() {
        let bytes = Packet.number(2) + Packet.string("gone") + Packet.string("")
        #expect(Array(Reply.status(7, Status(.noSuchFile, "gone")).dropFirst(9)) == bytes)
    }

    @Test func namesComeWithTheirLineAndAttributes() {
        let entry = Entry(name: [97], line: Array("- a".utf8), attributes: Self.all)
        let one = Packet.string("a") + Packet.string("- a") + Reply.attributes(7, Self.all)[9...]
        #expect(Array(Reply.names(7, [entry, entry]).dropFirst(9)) == Packet.number(2) + one + one)
    }

    @Test func contentHasItsLengthsInFront() {
        let header = Reply.dataHeader(7, 3)
        #expect(
            header == Packet.number(12) + [PacketType.data.rawValue] + Packet.number(7)
                + Packet.number(3))
        #expect(header.count == Reply.dataHeaderLength)
    }

    /// Clients use an extension only in the version that they know. Source: OpenSSH PROTOCOL §4.
    @Test func extensionsHaveOpenSSHsVersions() {
        var reader = ByteReader(Array(Reply.version().dropFirst(9)))
        var versions: [String: String] = [:]
        func text() -> String {
            let length = Int(reader.uint32() ?? 0)
            return String(decoding: (0..<length).compactMap { _ in reader.byte() }, as: UTF8.self)
        }
        while reader.remaining > 0 {
            let name = text()
            versions[name] = text()
        }
        #expect(versions["statvfs@openssh.com"] == "2")
        #expect(versions["fstatvfs@openssh.com"] == "2")
        #expect(versions["posix-rename@openssh.com"] == "1")
        #expect(versions["hardlink@openssh.com"] == "1")
        #expect(versions["lsetstat@openssh.com"] == "1")
        #expect(versions["limits@openssh.com"] == "1")
        #expect(versions.count == Extension.allCases.count)
    }

    /// What a client adds that nobody defined is passed over, all of it and nothing more.
    @Test func attributesOfUnknownKindsArePassedOver() {
        var dispatcher = Dispatcher()
        _ = dispatcher.receive(Packet.initialize)
        let packet = Packet.request(
            .setstat, 7, Packet.string("f"), Packet.number(0x8000_0004), Packet.number(0o600),
            Packet.number(2), Packet.string("a@b"), Packet.string("1"), Packet.string("c@d"),
            Packet.string(""))
        #expect(
            dispatcher.receive(packet)
                == .perform(
                    id: 7,
                    .change([102], Attributes(permissions: 0o600), followingLinks: true)))
    }

    @Test func whoSaysNothingOfReadingOnlyMayWrite() {
        var dispatcher = Dispatcher()
        _ = dispatcher.receive(Packet.initialize)
        #expect(
            dispatcher.receive(Packet.request(.remove, 7, Packet.string("f")))
                == .perform(id: 7, .remove([102])))
    }
}
