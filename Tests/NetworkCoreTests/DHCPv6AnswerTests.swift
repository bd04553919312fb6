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

    @Test(arguments: [(nil, 86400), (599, 600), (601, 601)] as [(UInt32?, UInt32)])
    func informationIsAskedForAnewAfterTenMinutesAtLeast(
        said: UInt32?, expected: UInt32
    ) throws {
        let more = said.map { [DHCPv6Message.Option(32, Self.words([$0]))] } ?? []
        #expect(try Self.answer(Self.reply(more: more)).refreshAfter == expected)
    }
}
