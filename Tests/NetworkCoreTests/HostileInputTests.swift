import Addresses
import NetworkCore
import Testing
import Seeds

/// Bytes that no server should send, from one seed: nothing traps, nothing grows.
@Suite struct HostileInputTests {
    static let codes: [UInt8] = [1, 3, 6, 12, 15, 26, 28, 51, 54, 56, 58, 59, 80, 119, 121]

    @Test func randomBytesAreRefusedOrRead() {
        var random = SeededRandom(42)
        for _ in 0..<4000 {
            let count = Int.random(in: 0...80, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? UDPPacket(parsing: bytes[...], checksumIsVouchedFor: true)
            _ = try? DHCPMessage(parsing: (DHCPMessageTests.head() + bytes)[...])
            _ = DomainName.list(parsing: bytes, atMost: 8)
            _ = ClasslessRoutes.parse(bytes, atMost: 64)
            _ = ARPPacket(parsing: bytes[...])
        }
    }

    @Test func mangledAnswersNeverBreakAConversation() throws {
        var random = SeededRandom(43)
        for round in 0..<800 {
            var bench = try DHCPMachineTests.Bench.at(
                DHCPMachineTests.phases[round % DHCPMachineTests.phases.count])
            for _ in 0..<4 {
                var message = try LeaseTests.offer()
                message.kind = [.offer, .ack, .nak].randomElement(using: &random) ?? .ack
                message.transaction = bench.sent.last?.transaction ?? 0
                for _ in 0..<Int.random(in: 0...6, using: &random) {
                    let count = Int.random(in: 0...40, using: &random)
                    let code = Self.codes.randomElement(using: &random)
                    message.options[code ?? 1] = (0..<count).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
                }
                var bytes = message.encoded
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    let position = Int.random(in: 236..<bytes.count, using: &random)
                    bytes[position] = UInt8.random(in: 0...255, using: &random)
                }
                guard let mangled = try? DHCPMessage(parsing: bytes[...]) else { continue }
                bench.handle(.received(mangled))
                if bench.machine.phase == .probing { bench.handle(.addressFree) }
                if let lease = bench.machine.held?.lease {
                    #expect(lease.address.isHost)
                    #expect(lease.routes.count <= 130)
                    #expect(lease.nameServers.count <= 8)
                    let conf = NetworkFiles.netConf(
                        interface: "eth0", lease: lease, mtu: 1500, uptime: bench.now)
                    #expect(conf.map(Self.isHarmlessShell) == true)
                }
                if bench.machine.deadline.map({ $0 < .seconds(1_000_000) }) == true {
                    _ = try bench.wait()
                }
            }
        }
    }

    /// Lines of NAME='value' with no quote, no line end and nothing above ASCII in the value.
    static func isHarmlessShell(_ text: String) -> Bool {
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().allSatisfy {
            $0.wholeMatch(of: /[A-Za-z0-9]+='[A-Za-z0-9. -]*'/) != nil
        }
    }

    @Test func aLeaseOfOneSecondIsNoFlood() throws {
        var bench = try DHCPMachineTests.Bench.at(.selecting)
        let start = bench.now
        while bench.now < start + .seconds(600) {
            bench.handle(try bench.answer(.offer, [51: [0, 0, 0, 1]]))
            bench.handle(try bench.answer(.ack, [51: [0, 0, 0, 1]]))
            bench.handle(.addressFree)
            bench.now += .milliseconds(50)
            bench.handle(.timeReached)
        }
        #expect(bench.sent.count <= 208)
    }

    /// A thousand options of one code are one value of a thousand bytes (RFC 3396), which is no host name; the others count.
    @Test func aThousandOptionsAreOneLongOne() throws {
        let many = (0..<1000).flatMap { _ -> [UInt8] in [12, 1, UInt8(ascii: "a")] }
        let bytes =
            DHCPMessageTests.head() + [53, 1, 2, 54, 4, 192, 0, 2, 1]
            + [51, 4, 0, 0, 0, 60] + many + [255]
        let message = try DHCPMessage(parsing: bytes[...])
        #expect(message.options[12]?.count == 1000)
        #expect(message.kind == .offer)
        #expect(try Lease(parsing: message).hostName == nil)
    }

    /// An option whose length reaches over the next ones is one option; one that reaches over the end is none, and takes
    /// nothing with it that stands before it.
    @Test func longOptionsThatOverlapOthers() throws {
        let swallowed: [UInt8] = [3, 4, 192, 0, 2, 1]
        let whole = DHCPMessageTests.head() + [53, 1, 2, 43, 6] + swallowed + [51, 4, 0, 0, 0, 60]
        let message = try DHCPMessage(parsing: whole[...])
        #expect(message.options[43] == swallowed)
        #expect(message.options[3] == nil)
        #expect(message.options[51] == [0, 0, 0, 60])
        let cut = DHCPMessageTests.head() + [53, 1, 2, 51, 4, 0, 0, 0, 60, 43, 255] + swallowed
        let shorter = try DHCPMessage(parsing: cut[...])
        #expect(shorter.options[43] == nil && shorter.options[3] == nil)
        #expect(shorter.options[51] == [0, 0, 0, 60])
    }

    @Test func optionsAreWrittenAsTheyAreRead() throws {
        var random = SeededRandom(44)
        for _ in 0..<300 {
            var message = try LeaseTests.offer()
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let code = UInt8.random(in: 1...254, using: &random)
                guard code != 52, code != 53 else { continue }
                let count = Int.random(in: 0...700, using: &random)
                message.options[code] = (0..<count).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            #expect(try DHCPMessage(parsing: message.encoded[...]) == message)
        }
    }
}
