import Addresses
import NetworkCore
import Testing

@Suite struct ConversationTests {
    @Test func aServerThatIsThereGivesAnAddressInOneRound() {
        var simulation = Simulation(seed: 1)
        simulation.server.isUp = true
        simulation.plan(.carrierUp, at: .seconds(10))
        simulation.run(until: .seconds(11))
        #expect(simulation.sentAt.first == .seconds(10), "the carrier's DISCOVER goes at once")
        #expect(simulation.configured != nil)
        #expect(simulation.sentAt.count == 2)
        #expect(simulation.broken == [])
    }

    /// The promise: from the server's return until the address is there, at whatever moment it returns.
    @Test func aLateServerIsUsedWithinEightSeconds() {
        var waits: [Duration] = []
        for seed in 0..<200 {
            var simulation = Simulation(seed: UInt64(seed))
            var moment = SeededRandom(UInt64(seed) &+ 9999)
            let late = Duration.milliseconds(Int.random(in: 500...300_000, using: &moment))
            simulation.plan(.carrierUp, at: .seconds(1))
            simulation.plan(.serverUp, at: .seconds(1) + late)
            simulation.run(until: .seconds(400))
            #expect(simulation.broken == [])
            guard let bound = simulation.boundAt.first else {
                Issue.record("seed \(seed): never bound")
                continue
            }
            waits.append(bound - .seconds(1) - late)
        }
        waits.sort()
        #expect(waits.last ?? .zero <= .seconds(8))
        #expect(waits[waits.count / 2] < .seconds(4))
        print("late server: median \(waits[waits.count / 2]), worst \(waits.last ?? .zero)")
    }

    @Test func whileNobodyAnswersItSendsAtMostTwentyPacketsAMinute() {
        var simulation = Simulation(seed: 7)
        simulation.plan(.carrierUp, at: .seconds(1))
        simulation.run(until: .seconds(3601))
        #expect(simulation.sentAt.count <= 20 * 60)
        #expect(simulation.sentAt.count { $0 < .seconds(61) } <= 20)
        let gaps = zip(simulation.sentAt, simulation.sentAt.dropFirst()).map { $1 - $0 }
        #expect((gaps.max() ?? .zero) <= .seconds(5))
        #expect(simulation.broken == [])
        print("waiting: \(Double(simulation.sentAt.count) / 60) packets a minute")
    }

    @Test func aServerWithAnotherPoolRefusesAndGivesAnew() {
        var simulation = Simulation(seed: 3)
        simulation.server.isUp = true
        simulation.server.leaseSeconds = 120
        simulation.plan(.carrierUp, at: .seconds(1))
        simulation.plan(.otherPool, at: .seconds(30))
        simulation.run(until: .seconds(63))
        #expect(simulation.configured?.lease.address == IPv4Address(192, 0, 2, 20))
        #expect(simulation.broken == [])
    }

    @Test func aSilentServerThatForgotIsSearchedAnewBeforeTheLeaseEnds() {
        var simulation = Simulation(seed: 4)
        simulation.server.isUp = true
        simulation.server.isAuthoritative = false
        simulation.plan(.carrierUp, at: .seconds(1))
        simulation.plan(.serverForgets, at: .seconds(30))
        simulation.plan(.carrierDown, at: .seconds(40))
        simulation.plan(.carrierUp, at: .seconds(50))
        simulation.run(until: .seconds(60))
        #expect(simulation.machine.phase == .bound)
        #expect(simulation.configured?.obtainedAt ?? .zero > .seconds(50))
        #expect(simulation.broken == [])
    }

    /// Thirty days with loss of 30 %, doubled and reordered packets, outages of seconds to days, restarts that forget, another
    /// pool, cables pulled. No dead state, no address after its lease, no gap above the promise, no flood.
    @Test(arguments: [11, 12, 13] as [UInt64]) func aMonth(seed: UInt64) {
        var simulation = Simulation(seed: seed)
        var random = SeededRandom(seed ^ 0xFFFF)
        simulation.network = .init(lost: 30, doubled: 20, slowest: .milliseconds(1500))
        simulation.server.leaseSeconds = [120, 3600, 43200][Int(seed % 3)]
        simulation.server.isUp = true
        simulation.plan(.carrierUp, at: .seconds(1))

        let month = Duration.seconds(30 * 86400)
        var time = Duration.seconds(600)
        while time < month {
            let outage: Duration = .seconds(
                Int.random(in: 0..<16, using: &random) == 0
                    ? Int.random(in: 3600...60_000, using: &random)
                    : Int.random(in: 1...900, using: &random))
            simulation.plan(.serverDown, at: time)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: simulation.plan(.serverForgets, at: time)
            case 1: simulation.plan(.otherPool, at: time)
            case 2:
                simulation.plan(.carrierDown, at: time + outage / 3)
                simulation.plan(.carrierUp, at: time + outage / 2)
            default: break
            }
            time += outage
            simulation.plan(.serverUp, at: time)
            time += .seconds(Int.random(in: 300...60_000, using: &random))
        }
        simulation.run(until: month)
        #expect(simulation.boundAt.count > 50, "the month was not quiet")
        // A round takes four packets, each of which three in ten lose: a dozen rounds in vain are beyond these seeds.
        #expect(simulation.longestWait < .seconds(120))
        #expect(simulation.broken.prefix(5) == [])
    }
}
