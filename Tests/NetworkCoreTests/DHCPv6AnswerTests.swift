import Addresses
import Testing

@testable import NetworkCore

/// What is taken from a DHCPv6 server's answer.
@Suite struct DHCPv6AnswerTests {
    static let identity: UInt32 = 7
    static let address = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [0x77]

    static func words(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { IPv4Address(rawValue: $0).bytes }
    }

    /// A Reply with one address.
    static func reply(
        identity: UInt32 = identity, times: [UInt32] = [0, 0], preferred: UInt32 = 1000,
        valid: UInt32 = 2000, more: [DHCPv6Message.Option] = []
    ) -> DHCPv6Message {
        var message = DHCPv6Message(.reply, transaction: 1)
        let inner = DHCPv6Message.Option(5, address + words([preferred, valid]))
        message.options =
            [
                .init(2, [1]),
                .init(3, words([identity] + times) + DHCPv6Message.encoded([inner])),
            ] + more
        return message
    }

    static func answer(_ message: DHCPv6Message) throws -> DHCPv6Answer {
        try #require(DHCPv6Answer(parsing: message, identity: identity))
    }

    /// T1 and T2 of the server, and when it is renewed and rebound.
    @Test(
        arguments: [
            ([0, 0], 500, 800), ([300, 600], 300, 600), ([600, 600], 600, 600),
            ([600, 300], 500, 800),
            ([300, 0], 300, 800), ([0, 900], 500, 900), ([0, 5000], 500, 2000),
        ] as [([UInt32], Int64, Int64)])
    func timesAreTheServersWhereTheyMakeSense(
        times: [UInt32], renewal: Int64, rebinding: Int64
    ) throws {
        let held = try #require(
            HeldDHCPv6(try Self.answer(Self.reply(times: times)), obtainedAt: .zero))
        #expect(held.renewAt == .seconds(renewal))
        #expect(held.rebindAt == .seconds(rebinding))
        #expect(held.endsAt == .seconds(2000))
    }

    @Test func anAddressForEverIsNeverRenewed() throws {
        let answer = try Self.answer(Self.reply(preferred: .max, valid: .max))
        let held = try #require(HeldDHCPv6(answer, obtainedAt: .zero))
        #expect(held.renewAt == nil && held.rebindAt == nil && held.endsAt == nil)
    }

    @Test func whatCannotBeUsedIsNoAddress() throws {
        #expect(try Self.answer(Self.reply()).address != nil)
        #expect(try Self.answer(Self.reply(preferred: 2001)).address == nil)
        #expect(try Self.answer(Self.reply(preferred: 2000)).address != nil)
        #expect(try Self.answer(Self.reply(preferred: 0, valid: 0)).address == nil)
        #expect(try Self.answer(Self.reply(identity: 8)).address == nil, "of another of ours")
    }

    @Test(
        arguments: [
            ([0x20, 1, 0x0D, 0xB8], true), ([0xFE, 0x80, 0, 0], false),
            ([0xFF, 0x02, 0, 0], false),
            ([0, 0, 0, 0], false),
        ] as [([UInt8], Bool)])
    func anAddressIsOneThatAMachineCanHave(first: [UInt8], isGood: Bool) throws {
        let inner = first + [UInt8](repeating: 0, count: 11) + [0x77] + Self.words([100, 200])
        var message = Self.reply()
        message.options[1] = .init(
            3, Self.words([Self.identity, 0, 0]) + DHCPv6Message.encoded([.init(5, inner)]))
        #expect((try Self.answer(message).address != nil) == isGood)
    }

    @Test func anAddressWithAComplaintIsNoneAndTheNextIsTaken() throws {
        let times = Self.words([1000, 2000])
        let refused = DHCPv6Message.encoded([.init(13, [0, 1])])
        let inner: [DHCPv6Message.Option] = [
            .init(5, Self.address + times + refused),
            .init(5, Self.address.dropLast() + [0x78] + times),
        ]
        var message = Self.reply()
        message.options[1] = .init(
            3, Self.words([Self.identity, 0, 0]) + DHCPv6Message.encoded(inner))
        #expect(try Self.answer(message).address?.address.description == "2001:db8::78")
    }

    @Test func theMessagesOwnStatusComesFirstAndAnUnknownOneIsAFailure() throws {
        #expect(try Self.answer(Self.reply()).status == .success)
        #expect(try Self.answer(Self.reply(more: [.init(13, [0, 2])])).status == .noAddresses)
        #expect(
            try Self.answer(Self.reply(more: [.init(13, [0, 77])])).status == .unspecifiedFailure)
        #expect(try Self.answer(Self.reply(more: [.init(13, [0])])).status == .unspecifiedFailure)
    }

    @Test(arguments: [(0, false), (1, true), (130, true), (131, false)])
    func aServerNamesItself(length: Int, isGood: Bool) {
        var message = Self.reply()
        message.options[0] = .init(2, [UInt8](repeating: 1, count: length))
        #expect((DHCPv6Answer(parsing: message, identity: Self.identity) != nil) == isGood)
    }

    @Test func ofServersOnlyMachinesAndAtMostEightCount() throws {
        let group = [0xFF, 2] + [UInt8](repeating: 0, count: 13) + [1]
        let many = group + (0..<9).flatMap { _ in Self.address }
        let answer = try Self.answer(Self.reply(more: [.init(23, many)]))
        #expect(answer.nameServers.map(\.description) == Array(repeating: "2001:db8::77", count: 8))
    }

    @Test func atMostEightDomainsAreSearched() throws {
        let names = (97...105 as ClosedRange<UInt8>).flatMap { letter -> [UInt8] in
            [1, letter, 0]
        }
        #expect(try Self.answer(Self.reply(more: [.init(24, names)])).search.count == 8)
    }

    @Test func optionsThatAreCutOffAreNone() {
        for count in 1...3 {
            let bytes = Self.reply().encoded + [UInt8](repeating: 0, count: count)
            #expect(throws: DHCPv6Message.Refusal.brokenOptions) {
                try DHCPv6Message(parsing: bytes[...])
            }
        }
    }

    @Test(arguments: [(nil, 86400), (599, 600), (601, 601)] as [(UInt32?, UInt32)])
    func informationIsAskedForAnewAfterTenMinutesAtLeast(
        said: UInt32?, expected: UInt32
    ) throws {
        let more = said.map { [DHCPv6Message.Option(32, Self.words([$0]))] } ?? []
        #expect(try Self.answer(Self.reply(more: more)).refreshAfter == expected)
    }
}
