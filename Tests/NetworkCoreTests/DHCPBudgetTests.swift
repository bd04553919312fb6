import NetworkCore
import Testing

/// What the DHCP machine sends when it has sent as much as it may.
@Suite struct DHCPBudgetTests {
    typealias Bench = DHCPMachineTests.Bench

    @Test func declinesCountAsWell() throws {
        var bench = try Bench()
        let start = bench.now
        while bench.now < start + .seconds(600) {
            bench.handle(.carrierUp)
            bench.handle(try bench.answer(.ack, [80: []]))
            bench.handle(.addressInUse)
            bench.now += .milliseconds(50)
            bench.handle(.carrierDown)
        }
        #expect(bench.sent.count { $0.kind == .decline } > 50)
        #expect(bench.sent.count <= 200 + 8)
    }

    /// A machine that has sent as much as it may at once.
    static func spent() throws -> Bench {
        var bench = try Bench()
        for _ in 0..<8 { #expect(bench.handle(.carrierUp) == ["DISCOVER"]) }
        return bench
    }

    @Test func whatIsTooMuchIsPutOffUntilItMayGo() throws {
        var bench = try Self.spent()
        let start = bench.now
        #expect(bench.handle(.carrierUp) == [])
        #expect(bench.machine.deadline == start + .seconds(3))
        #expect(try bench.wait() == ["DISCOVER"])
    }

    /// The answer may be to the question before, whose seconds are to be repeated.
    @Test func aQuestionThatIsPutOffWasNotAsked() throws {
        var bench = try Self.spent()
        bench.now += .seconds(2)
        #expect(bench.handle(.signOfLife) == [])
        #expect(bench.handle(try bench.answer(.offer)) == ["offered"])
        #expect(try bench.wait() == ["REQUEST"])
        #expect(bench.sent.last?.seconds == 0)
    }
}
