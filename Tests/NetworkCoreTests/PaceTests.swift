import NetworkCore
import Seeds
import Testing

/// How long is waited, by many draws: both ends of each range, and nothing outside of it.
@Suite struct PaceTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        let milliseconds: ClosedRange<Int>
        let draw: @Sendable (Pace, inout SeededRandom) -> Duration
        var promise = 8
        var isShared = false
        var testDescription: String { "\(what), promise \(promise) s" }
    }

    @Test(arguments: [
        Row(what: "first", milliseconds: 750...1250) { $0.gap(after: 1, using: &$1) },
        Row(what: "second", milliseconds: 750...1250) { $0.gap(after: 2, using: &$1) },
        Row(what: "third", milliseconds: 1500...2500) { $0.gap(after: 3, using: &$1) },
        Row(what: "fourth", milliseconds: 1500...2500) { $0.gap(after: 4, using: &$1) },
        Row(what: "fifth", milliseconds: 2250...3750) { $0.gap(after: 5, using: &$1) },
        Row(what: "sixth", milliseconds: 3000...3900) { $0.gap(after: 6, using: &$1) },
        Row(what: "any", milliseconds: 3000...3900) { $0.gap(after: .max, using: &$1) },
        Row(what: "none", milliseconds: 750...1250) { $0.gap(after: 0, using: &$1) },
        Row(
            what: "any", milliseconds: 2250...2810, draw: { $0.gap(after: 9, using: &$1) },
            promise: 6),
        Row(
            what: "any", milliseconds: 22_500...37_500, draw: { $0.gap(after: 9, using: &$1) },
            promise: 60),
        Row(
            what: "any of two", milliseconds: 4600...5400, draw: { $0.gap(after: 9, using: &$1) },
            isShared: true),
        Row(
            what: "early of two", milliseconds: 750...1250, draw: { $0.gap(after: 1, using: &$1) },
            isShared: true),
        Row(what: "first by IPv6", milliseconds: 900...1100) { $0.gap6(after: 1, using: &$1) },
        Row(what: "second by IPv6", milliseconds: 1800...2200) { $0.gap6(after: 2, using: &$1) },
        Row(what: "third by IPv6", milliseconds: 3600...4400) { $0.gap6(after: 3, using: &$1) },
        Row(what: "fourth by IPv6", milliseconds: 5600...6800) { $0.gap6(after: 4, using: &$1) },
        Row(
            what: "any of two by IPv6", milliseconds: 7500...8000,
            draw: { $0.gap6(after: 9, using: &$1) }, isShared: true),
        Row(what: "third renewal by IPv6", milliseconds: 3600...4400) {
            $0.renewalGap6(after: 3, using: &$1)
        },
        Row(what: "fourth renewal by IPv6", milliseconds: 18_000...30_000) {
            $0.renewalGap6(after: 4, using: &$1)
        },
        Row(what: "first request", milliseconds: 750...1250) {
            $0.requestGap(after: 1, using: &$1)
        },
        Row(what: "second request", milliseconds: 1500...2500) {
            $0.requestGap(after: 2, using: &$1)
        },
        Row(what: "second renewal", milliseconds: 3000...3900) {
            $0.renewalGap(after: 2, left: .seconds(1000), using: &$1)
        },
        Row(what: "third renewal", milliseconds: 500_000...500_000) {
            $0.renewalGap(after: 3, left: .seconds(1000), using: &$1)
        },
        Row(what: "last renewal", milliseconds: 3000...3900) {
            $0.renewalGap(after: 9, left: .seconds(1), using: &$1)
        },
    ])
    func waitsAreWithinTheirRange(row: Row) {
        var pace = Pace()
        pace.promise = .seconds(row.promise)
        pace.isShared = row.isShared
        var random = SeededRandom(1)
        let drawn = (0..<2000).map { _ in row.draw(pace, &random).wholeMilliseconds }
        let (least, most) = (drawn.min() ?? 0, drawn.max() ?? 0)
        let slack = Int64(row.milliseconds.count / 50)
        #expect((row.milliseconds.contains(Int(least)) && row.milliseconds.contains(Int(most))))
        #expect(least <= Int64(row.milliseconds.lowerBound) + slack)
        #expect(most >= Int64(row.milliseconds.upperBound) - slack)
    }

    @Test func theBudgetIsABurstAndThenATrickle() {
        var budget = PacketBudget()
        let start = Duration.seconds(100)
        for _ in 0..<8 {
            #expect(budget.opening(at: start) == start)
            budget.spend(at: start)
        }
        for number in 1...5 {
            let next = start + .seconds(3 * number)
            #expect(budget.opening(at: start) == next)
            budget.spend(at: next)
        }
        // After a silence there is a burst again, and no more than one.
        let later = start + .seconds(1000)
        for _ in 0..<8 { budget.spend(at: later) }
        #expect(budget.opening(at: later) == later + .seconds(3))
        #expect(Pace().promise == .seconds(8))
    }

    @Test func onlyTheFirstSoundAfterTenSecondsIsASignAndOnceAMinute() {
        var signs = SignsOfLife(since: .zero)
        /// Milliseconds, and whether it is a sign then.
        let sounds = [
            (5000, false), (14_999, false), (24_999, true), (25_000, false), (35_001, false),
            (50_000, false), (74_998, false), (84_999, true), (90_000, false), (144_998, false),
            (154_998, true),
        ]
        for (time, isSign) in sounds {
            #expect(signs.heard(at: .milliseconds(time)) == isSign, "at \(time) ms")
        }
    }
}
