import Addresses
import Testing

@testable import NetworkCore
import Seeds

/// The responder: its claim, its answers, and what it keeps to itself.
@Suite struct MulticastDNSTests {
    typealias Message = MulticastDNSMessage

    struct Bench {
        var machine = MulticastDNSResponder(host: "Server.example.org")
        var random = SeededRandom(3)
        var now = Duration.seconds(50)
        var effects: [MulticastDNSResponder.Effect] = []
        static let four = IPv4Address(192, 0, 2, 5)
        static let six = IPv6Address(bytes: [0xFE, 0x80] + [UInt8](repeating: 1, count: 14))

        mutating func handle(_ event: MulticastDNSResponder.Event) {
            effects = machine.handle(event, at: now, using: &random)
        }

        mutating func wait() throws {
            now = max(now, try #require(machine.deadline))
            handle(.timeReached)
        }

        static func probing() throws -> Bench {
            var bench = Bench()
            bench.handle(.addresses([four], [try #require(six)]))
            return bench
        }

        static func settled() throws -> Bench {
            var bench = try probing()
            while bench.machine.deadline != nil { try bench.wait() }
            bench.now += .seconds(60)
            return bench
        }

        var sent: [Message] {
            effects.compactMap { if case .send(let message) = $0 { message } else { nil } }
        }
        var replies: [Message] {
            effects.compactMap { if case .reply(let message) = $0 { message } else { nil } }
        }

        mutating func ask(
            _ name: String, _ kind: UInt16, wantsUnicast: Bool = false, isLegacy: Bool = false,
            known: [Message.Record] = []
        ) {
            var message = Message()
            message.identifier = isLegacy ? 77 : 0
            message.questions = [.init(name, kind, wantsUnicast: wantsUnicast)]
            message.answers = known
            handle(.received(message, isLegacy: isLegacy))
        }
    }

    @Test func theNameIsProbedThreeTimesAndAnnouncedTwice() throws {
        var bench = try Bench.probing()
        #expect(try #require(bench.machine.deadline) <= bench.now + .milliseconds(250))
        for _ in 0..<3 {
            #expect(!bench.machine.isEstablished)
            try bench.wait()
            let probe = try #require(bench.sent.first)
            #expect(probe.questions == [.init("server.local", 255, wantsUnicast: true)])
            #expect(probe.authorities.map(\.kind) == [1, 28])
        }
        let third = bench.now
        try bench.wait()
        #expect(bench.now - third == .milliseconds(250))
        let first = try #require(bench.sent.first)
        #expect(first.isResponse && first.answers.allSatisfy(\.isUnique))
        #expect(first.answers.map(\.data).first == [192, 0, 2, 5])
        try bench.wait()
        #expect(bench.sent.first == first)
        #expect(bench.machine.deadline == nil)
    }

    @Test func onlyTheNameIsAnsweredFor() throws {
        var bench = try Bench.settled()
        for name in [
            "other.local", "server", "_services._dns-sd._udp.local", "5.2.0.192.in-addr.arpa",
        ] {
            bench.ask(name, 255)
            #expect(bench.effects.isEmpty)
        }
        bench.ask("server.local", 1)
        #expect(bench.sent.first?.answers.map(\.kind) == [1])
    }

    @Test func everybodyIsToldAtMostOnceASecond() throws {
        var bench = try Bench.settled()
        var count = 0
        let end = bench.now + .seconds(10)
        while bench.now < end {
            bench.ask("server.local", 1)
            count += bench.sent.count
            bench.now += .milliseconds(7)
        }
        #expect((10...11).contains(count))
    }

    @Test func aFloodOfPlainQuestionsIsBounded() throws {
        var bench = try Bench.settled()
        var count = 0
        let end = bench.now + .seconds(10)
        while bench.now < end {
            bench.ask("server.local", 1, isLegacy: true)
            count += bench.replies.count
            bench.now += .milliseconds(1)
        }
        #expect((100...111).contains(count))
    }

    @Test func aPlainQuestionIsAnsweredAsByAnyNameServer() throws {
        var bench = try Bench.settled()
        bench.ask("server.local", 28, isLegacy: true)
        let reply = try #require(bench.replies.first)
        #expect(reply.identifier == 77)
        #expect(reply.questions == [.init("server.local", 28)])
        #expect(reply.answers.map(\.kind) == [28])
        #expect(reply.answers.allSatisfy { $0.lifetime <= 10 && !$0.isUnique })
    }

    @Test func whatTheAskerKnowsIsNotRepeated() throws {
        var bench = try Bench.settled()
        var known = Message.Record(
            "server.local", 1, lifetime: 60, isUnique: true, data: [192, 0, 2, 5])
        bench.ask("server.local", 1, known: [known])
        #expect(bench.effects.isEmpty)
        known.lifetime = 59
        bench.ask("server.local", 1, known: [known])
        #expect(bench.sent.count == 1)
    }

    @Test func aQuestionForOneIsAnsweredToOneWhenAllKnow() throws {
        var bench = try Bench.settled()
        bench.ask("server.local", 1, wantsUnicast: true)
        #expect(bench.replies.isEmpty && bench.sent.count == 1, "a minute ago is too long")
        bench.ask("server.local", 1, wantsUnicast: true)
        #expect(bench.replies.count == 1 && bench.sent.isEmpty)
    }

    @Test func whatDoesNotExistIsDenied() throws {
        var bench = try Bench.settled()
        bench.ask("server.local", 16)
        let denial = try #require(bench.sent.first?.answers.first)
        #expect(denial.kind == 47)
        #expect(denial.data.suffix(6) == [0, 4, 0x40, 0, 0, 0x08], "A and AAAA exist")
    }

    @Test func aNameThatIsTakenIsLeft() throws {
        var bench = try Bench.probing()
        try bench.wait()
        var answer = Message()
        answer.isResponse = true
        answer.answers = [
            .init("server.local", 1, lifetime: 120, isUnique: true, data: [192, 0, 2, 9])
        ]
        bench.handle(.received(answer, isLegacy: false))
        #expect(bench.effects == [.renamed("server-2.local")])
        while bench.machine.deadline != nil { try bench.wait() }
        bench.now += .seconds(5)
        bench.ask("server.local", 1)
        #expect(bench.effects.isEmpty)
        bench.ask("server-2.local", 1)
        #expect(bench.sent.count == 1)
    }

    @Test func aLateConflictIsProbedAgain() throws {
        var bench = try Bench.settled()
        var answer = Message()
        answer.isResponse = true
        answer.answers = [
            .init("server.local", 1, lifetime: 120, isUnique: true, data: [192, 0, 2, 5])
        ]
        bench.handle(.received(answer, isLegacy: false))
        #expect(bench.machine.isEstablished, "the same data are no conflict")
        answer.answers[0].data = [192, 0, 2, 6]
        bench.handle(.received(answer, isLegacy: false))
        #expect(!bench.machine.isEstablished)
    }

    @Test(arguments: [(UInt8(4), false), (6, true)])
    func ofTwoProbesTheLaterDataWin(last: UInt8, loses: Bool) throws {
        var bench = try Bench.probing()
        try bench.wait()
        var probe = Message()
        probe.questions = [.init("server.local", 255, wantsUnicast: true)]
        probe.authorities = [
            .init("server.local", 1, lifetime: 120, isUnique: false, data: [192, 0, 2, last])
        ]
        bench.handle(.received(probe, isLegacy: false))
        let wait = try #require(bench.machine.deadline) - bench.now
        #expect(wait == (loses ? .seconds(1) : .milliseconds(250)))
    }

    @Test func withoutAnAddressItIsSilent() throws {
        var bench = try Bench.settled()
        bench.handle(.addresses([], []))
        bench.ask("server.local", 1)
        #expect(bench.effects.isEmpty)
        #expect(bench.machine.deadline == nil)
    }

    @Test func messagesAreReadAsTheyAreWrittenAndNothingTraps() throws {
        var bench = try Bench.probing()
        var messages: [Message] = []
        while bench.machine.deadline != nil {
            try bench.wait()
            messages += bench.sent
        }
        var random = SeededRandom(5)
        for message in messages {
            #expect(Message(parsing: message.encoded) == message)
            for _ in 0..<500 {
                var bytes = message.encoded
                for _ in 0..<3 {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                bytes.removeLast(Int.random(in: 0...6, using: &random))
                guard let mangled = Message(parsing: bytes) else { continue }
                bench.handle(.received(mangled, isLegacy: false))
            }
        }
    }
}
