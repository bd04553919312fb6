import Addresses
import Seeds
import Testing

@testable import NetworkCore

/// The responder among others that want the same name, ask much, or say what is no business of its.
@Suite struct MulticastDNSCareTests {
    typealias Message = MulticastDNSMessage
    typealias Bench = MulticastDNSTests.Bench

    static func record(
        _ kind: UInt16, _ data: [UInt8], name: String = "server.local", lifetime: UInt32 = 120
    ) -> Message.Record {
        .init(name, kind, lifetime: lifetime, isUnique: false, data: data)
    }

    static let six = [0xFE, 0x80] + [UInt8](repeating: 1, count: 14)

    // MARK: The name and its records

    @Test(arguments: [
        ("Box", "box.local"), ("", "davit.local"), (".example", "davit.local"),
        (String(repeating: "a", count: 63), String(repeating: "a", count: 50) + ".local"),
    ])
    func theNameIsTheFirstLabel(host: String, name: String) {
        #expect(MulticastDNSResponder(host: host).name == name)
    }

    @Test func atMostEightOfEachAddressAreToldOf() throws {
        var bench = Bench()
        let six = (0..<9).compactMap {
            IPv6Address(bytes: [0xFE, 0x80] + [UInt8](repeating: $0 + 1, count: 14))
        }
        bench.handle(.addresses((1...9).map { IPv4Address(192, 0, 2, $0) }, six))
        while bench.machine.deadline != nil { try bench.wait() }
        let kinds = try #require(bench.sent.first).answers.map(\.kind)
        #expect(kinds == Array(repeating: 1, count: 8) + Array(repeating: 28, count: 8))
    }

    @Test func theSameAddressesAreNoNewsAndOthersAreAnnouncedAtOnce() throws {
        var bench = try Bench.settled()
        bench.handle(.addresses([Bench.four], [try #require(Bench.six)]))
        #expect(bench.machine.deadline == nil)
        let start = bench.now
        bench.handle(.addresses([IPv4Address(192, 0, 2, 6)], []))
        try bench.wait()
        #expect(bench.now == start && bench.sent.first?.answers.map(\.data) == [[192, 0, 2, 6]])
        try bench.wait()
        #expect(bench.now == start + .seconds(1) && bench.sent.count == 1)
        #expect(bench.machine.deadline == nil)
    }

    @Test func addressesThatChangeAllTheTimeAreNoFlood() throws {
        var bench = try Bench.settled()
        var count = 0
        for number in 0..<1000 {
            bench.handle(.addresses([IPv4Address(192, 0, 2, UInt8(number % 250))], []))
            try bench.wait()
            count += bench.sent.count
            bench.now += .milliseconds(10)
        }
        #expect((100...110).contains(count))
    }

    @Test func probesCountAsWell() throws {
        var isSeen = false
        for seed in 0..<50 {
            var bench = try Bench.settled()
            bench.random = SeededRandom(UInt64(seed))
            let start = bench.now
            for _ in 0..<20 { bench.ask("server.local", 1, isLegacy: true) }
            bench.handle(.addresses([], []))
            bench.handle(.addresses([Bench.four], []))
            try bench.wait()
            guard bench.now < start + .milliseconds(100) else { continue }
            #expect(bench.sent.isEmpty, "ten went out at the same moment")
            isSeen = true
        }
        #expect(isSeen)
    }

    @Test func probesBeginWithinAQuarterOfASecond() throws {
        var waits: [Int64] = []
        for seed in 0..<300 {
            var bench = Bench()
            bench.random = SeededRandom(UInt64(seed))
            bench.handle(.addresses([Bench.four], []))
            waits.append((try #require(bench.machine.deadline) - bench.now).wholeMilliseconds)
        }
        #expect((waits.max() ?? 0) <= 250 && (waits.max() ?? 0) > 230 && (waits.min() ?? 99) < 20)
    }

    @Test func aSpuriousWakeUpDoesNothing() throws {
        var bench = try Bench.probing()
        bench.now -= .milliseconds(1)
        while let next = bench.machine.deadline {
            bench.handle(.timeReached)
            #expect(bench.effects.isEmpty && bench.machine.deadline == next)
            try bench.wait()
            for authority in bench.sent.flatMap(\.authorities) { #expect(!authority.isUnique) }
        }
        bench.handle(.timeReached)
        #expect(bench.effects.isEmpty)
    }

    // MARK: Conflicts

    static func response(_ records: [Message.Record], inAdditions: Bool = false) -> Message {
        var message = Message()
        message.isResponse = true
        if inAdditions { message.additions = records } else { message.answers = records }
        return message
    }

    @Test func onlyAnotherAddressUnderTheNameIsAConflict() throws {
        let theirs: [UInt8] = [192, 0, 2, 9]
        let rows: [(Message, Bool)] = [
            (Self.response([Self.record(1, theirs)]), true),
            (Self.response([Self.record(1, theirs)], inAdditions: true), true),
            (Self.response([Self.record(28, theirs)]), true),
            (Self.response([Self.record(1, theirs, name: "other.local")]), false),
            (Self.response([Self.record(1, theirs, lifetime: 0)]), false),
            (Self.response([Self.record(16, theirs)]), false),
            (Self.response([Self.record(1, [192, 0, 2, 5])]), false),
            (Self.response([Self.record(28, Self.six)]), false),
        ]
        for (message, isConflict) in rows {
            var bench = try Bench.settled()
            bench.handle(.received(message, isLegacy: false))
            #expect(bench.machine.isEstablished == !isConflict, "\(message)")
            bench = try Bench.probing()
            bench.handle(.received(message, isLegacy: false))
            #expect(bench.effects == (isConflict ? [.renamed("server-2.local")] : []))
        }
    }

    @Test func whoHasEveryNameIsNotFlooded() throws {
        var bench = try Bench.probing()
        let start = bench.now
        for number in 1...99 {
            let name = number == 1 ? "server.local" : "server-\(number).local"
            #expect(bench.machine.name == name)
            let record = Self.record(1, [192, 0, 2, 9], name: name)
            bench.handle(.received(Self.response([record]), isLegacy: false))
            let wait = try #require(bench.machine.deadline) - bench.now
            #expect((wait >= .seconds(5)) == (number >= 15), "\(number)")
            #expect(wait <= .milliseconds(5250))
        }
        #expect(bench.machine.name == "server.local", "from the beginning")
        #expect(bench.now == start)
    }

    @Test func whatIsSaidUnderTheNextNameBearsIt() throws {
        var bench = try Bench.probing()
        bench.handle(
            .received(Self.response([Self.record(1, [192, 0, 2, 9])]), isLegacy: false))
        while bench.machine.deadline != nil { try bench.wait() }
        #expect(bench.sent.first?.answers.map(\.name) == ["server-2.local", "server-2.local"])
    }

    /// Ours are 192.0.2.5 and an address of IPv6.
    @Test func ofTwoClaimsTheLaterOneByKindAndBytesWins() throws {
        let four = Self.record(1, [192, 0, 2, 5])
        let six = Self.record(28, Self.six)
        let rows: [([Message.Record], Bool)] = [
            ([four, six], false), ([six, four], false), ([four], false),
            ([four, six, Self.record(99, [0])], true),
            ([Self.record(28, [0])], true), ([Self.record(1, [255], name: "other.local")], false),
            ([], false),
        ]
        for (records, loses) in rows {
            var bench = try Bench.probing()
            try bench.wait()
            var probe = Message()
            probe.questions = [.init("server.local", 255, wantsUnicast: true)]
            probe.authorities = records
            bench.handle(.received(probe, isLegacy: false))
            let wait = try #require(bench.machine.deadline) - bench.now
            #expect(wait == (loses ? .seconds(1) : .milliseconds(250)), "\(records)")
            #expect(bench.effects.isEmpty)
        }
        // Who has not asked yet has lost nothing.
        var bench = try Bench.probing()
        let before = bench.machine.deadline
        var probe = Message()
        probe.authorities = [Self.record(99, [0])]
        bench.handle(.received(probe, isLegacy: false))
        #expect(bench.machine.deadline == before)
    }

    // MARK: Answers

    @Test func allRecordsAnswerAQuestionForAnyAndEachOnce() throws {
        var bench = try Bench.settled()
        var message = Message()
        message.questions = [.init("server.local", 255), .init("server.local", 1)]
        bench.handle(.received(message, isLegacy: false))
        #expect(bench.sent.first?.answers.map(\.kind) == [1, 28])
        bench.handle(.received(message, isLegacy: true))
        #expect(bench.replies.first?.answers.map(\.kind) == [1, 28])
    }

    @Test func aProbeIsAnsweredAgainAfterAQuarterOfASecondAndAQuestionAfterOne() throws {
        var bench = try Bench.settled()
        var probe = Message()
        probe.questions = [.init("server.local", 255)]
        probe.authorities = [Self.record(1, [192, 0, 2, 9])]
        bench.ask("server.local", 1)
        bench.now += .milliseconds(249)
        bench.handle(.received(probe, isLegacy: false))
        #expect(bench.sent.first?.answers.map(\.kind) == [28])
        bench.now += .milliseconds(1)
        bench.handle(.received(probe, isLegacy: false))
        #expect(bench.sent.first?.answers.map(\.kind) == [1])
        bench.now += .milliseconds(999)
        bench.ask("server.local", 1)
        #expect(bench.sent.isEmpty)
        bench.now += .milliseconds(1)
        bench.ask("server.local", 1)
        #expect(bench.sent.count == 1)
    }

    @Test func onlyTheSameRecordIsKnown() throws {
        for known in [
            Self.record(1, [192, 0, 2, 9]), Self.record(28, [192, 0, 2, 5]),
            Self.record(1, [192, 0, 2, 5], name: "other.local"),
        ] {
            var bench = try Bench.settled()
            bench.ask("server.local", 1, known: [known])
            #expect(bench.sent.count == 1, "\(known)")
        }
    }

    @Test(arguments: [(29_999, true), (30_000, false)])
    func whatEverybodyWasToldInTheLastHalfMinuteIsToldToOne(
        milliseconds: Int64, isForOne: Bool
    ) throws {
        var bench = try Bench.settled()
        bench.ask("server.local", 1)
        bench.now += .milliseconds(milliseconds)
        bench.ask("server.local", 1, wantsUnicast: true)
        #expect(bench.replies.count == (isForOne ? 1 : 0))
        #expect(bench.sent.count == (isForOne ? 0 : 1))
    }

    @Test func aPlainAnswerRepeatsOnlyItsOwnQuestion() throws {
        var bench = try Bench.settled()
        var message = Message()
        message.questions = [
            .init("other.local", 1), .init("server.local", 1, wantsUnicast: true),
        ]
        bench.handle(.received(message, isLegacy: true))
        #expect(bench.replies.first?.questions == [.init("server.local", 1)])
    }

    // MARK: On the wire

    @Test(
        arguments: [
            (0x0000, false), (0x8000, true), (0x8400, true), (0x0100, false), (0x0800, nil),
            (0x8001, nil), (0x000F, nil), (0x7800, nil),
        ] as [(UInt16, Bool?)])
    func whatIsNoQuestionAndNoAnswerIsNoMessage(flags: UInt16, isResponse: Bool?) {
        let bytes =
            [0, 0, UInt8(flags >> 8), UInt8(flags & 0xFF)] + [UInt8](repeating: 0, count: 8)
        #expect(Message(parsing: bytes)?.isResponse == isResponse)
    }

    @Test func aResponseIsAuthoritativeAndLabelsAreWhole() {
        var message = Message()
        message.isResponse = true
        let label = String(repeating: "a", count: 63)
        message.questions = [.init(label + ".local", 1)]
        #expect(Array(message.encoded[2...3]) == [0x84, 0])
        #expect(Message(parsing: message.encoded) == message)
    }

    @Test func namesAreReadInLowerCaseAndOtherClassesLeftOut() throws {
        var message = Message()
        message.questions = [
            .init("SERVER.local", 1), .init("any.local", 1), .init("chaos.local", 1),
        ]
        message.answers = [Self.record(1, [1], name: "Server.LOCAL"), Self.record(1, [2])]
        var bytes = message.encoded
        // The classes stand behind the kinds, and in the records before the lifetime.
        let classes = bytes.indices.dropLast(3).filter {
            Array(bytes[$0...$0 + 3]) == [0, 1, 0, 1]
        }
        try #require(classes.count == 5)
        bytes[classes[1] + 3] = 255
        bytes[classes[2] + 3] = 3
        bytes[classes[4] + 3] = 3
        let read = try #require(Message(parsing: bytes))
        #expect(read.questions.map(\.name) == ["server.local", "any.local"])
        #expect(read.answers.map(\.name) == ["server.local"])
        #expect(read.answers.map(\.data) == [[1]])
    }

    @Test func muchIsCut() throws {
        var message = Message()
        message.questions = Array(repeating: .init("a.local", 1), count: 32)
        message.answers = Array(repeating: Self.record(1, [1]), count: 65)
        var read = try #require(Message(parsing: message.encoded))
        #expect(read.questions.count == 32 && read.answers.count == 64)
        // Read from there on, the rest would be records of another kind.
        message.questions.append(.init("a.local", 1))
        message.answers = Array(
            repeating: .init("", 0, lifetime: 0, isUnique: false, data: []), count: 64)
        read = try #require(Message(parsing: message.encoded))
        #expect(read.questions.count == 32 && read.answers.isEmpty)
    }
}
