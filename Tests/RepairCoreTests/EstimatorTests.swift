import Testing

@testable import RepairCore

struct EstimatorTests {
    private func followed(_ lines: [(Int, String)], _ backend: any Backend) -> Estimator {
        var reader = ProgressReader(backend)
        var estimator = Estimator()
        for (second, line) in lines {
            reader.take(Array((line + "\n").utf8))
            estimator.take(reader.progress, at: .seconds(second))
        }
        return estimator
    }

    @Test func evenWorkGivesAGoodEstimate() throws {
        let lines = (1...50).map { ($0, "check_extents: \($0)%, done \($0)/100 nodes, at x") }
        let estimate = try #require(followed(lines, BcachefsBackend()).estimate)
        #expect(estimate == Estimate(left: .seconds(50), scope: .phase, confidence: .good))
    }

    /// Even work is even at any speed; what slows down is worth less.
    @Test func unevenWorkGivesAPoorEstimate() throws {
        func confidence(_ counts: [Int]) -> Estimate.Confidence? {
            let lines = counts.enumerated().map {
                ($0.offset + 1, "check_extents: 1%, done \($0.element)/10000 nodes")
            }
            return followed(lines, BcachefsBackend()).estimate?.confidence
        }
        #expect(confidence((1...20).map { $0 * 100 }) == .good)
        #expect(confidence((1...20).map { $0 * 10 }) == .fair, "little is done")
        #expect(confidence((1...3).map { $0 * 1000 }) == .poor, "too few counts")
        let slower = (1...10).map { $0 * 500 } + (1...20).map { 5000 + $0 * 10 }
        #expect(confidence(slower) == .poor)
    }

    @Test func oneCountGivesNone() {
        #expect(
            followed([(1, "check_extents: 1%, done 1/100 nodes")], BcachefsBackend()).estimate
                == nil)
    }

    @Test func beyondTheTotalThereIsNone() {
        let lines = [(1, 90), (2, 99), (3, 104)].map {
            ($0.0, "check_extents: \($0.1)%, done \($0.1)/100 nodes")
        }
        #expect(followed(lines, BcachefsBackend()).estimate == nil)
    }

    @Test func theRateIsThatOfTheLastHalf() {
        let lines = [(1, 0), (2, 10), (3, 20), (4, 60)].map {
            ($0.0, "check_extents: \($0.1)%, done \($0.1)/100 nodes")
        }
        #expect(followed(lines, BcachefsBackend()).rate == 40)
        #expect(followed(Array(lines.prefix(2)), BcachefsBackend()).rate == 10)
    }

    @Test func e2fsckCountsTheWhole() throws {
        let lines = (0...10).map { ($0 + 1, "1 \($0) 100 /dev/sda1") }
        let estimate = try #require(followed(lines, ExtBackend()).estimate)
        #expect(estimate.scope == .whole)
        #expect(estimate.left > .seconds(130) && estimate.left < .seconds(140))
    }

    @Test func theCheckersOwnWordCounts() {
        let line = "Phase 3: 11% done - estimated remaining time 1 hour, 12 minutes, 5 seconds"
        #expect(
            followed([(1, line)], XFSBackend()).estimate
                == Estimate(left: .seconds(4325), scope: .phase, confidence: .fair))
    }
}
