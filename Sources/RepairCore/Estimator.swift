/// When it may be done.
package struct Estimate: Sendable, Equatable {
    /// What ends then.
    package enum Scope: String, Sendable { case whole, phase }
    /// How much the figure is worth.
    package enum Confidence: String, Sendable {
        /// The rate has been even, and a good part is done.
        case good
        case fair
        case poor
    }

    package let left: Duration
    package let scope: Scope
    package let confidence: Confidence
}

/// Follows the counts of a checker over time: their rate, and from it what is left.
package struct Estimator: Sendable {
    private struct Point {
        let time: Duration
        let position: Double
    }

    private var scope = Estimate.Scope.phase
    private var key = ""
    private var points: [Point] = []
    private var total: Double = 0
    private var spacing = Duration.seconds(1)
    private var checkersOwn: (left: Duration, at: Duration)?

    private static let mostPoints = 64

    package init() {}

    package mutating func take(_ progress: Progress, at now: Duration) {
        if let share = progress.share, share > 0 {
            follow(.whole, "whole", Double(share), 10_000, now)
        } else if let done = progress.done {
            let key = "\(progress.phase ?? "")/\(progress.part ?? "")"
            follow(.phase, key, Double(done), progress.total.map { Double($0) } ?? 0, now)
        }
        checkersOwn = progress.secondsLeft.map { (.seconds(Int64(clamping: $0)), now) }
    }

    /// Units a second over the last half of what was seen; `nil` before there were two counts.
    package var rate: Double? {
        guard let last = points.last, points.count > 1 else { return nil }
        return Self.rate(points[points.count / 2 - (points.count == 2 ? 1 : 0)], last)
    }

    /// What is left; `nil` when there is nothing to calculate with.
    package var estimate: Estimate? {
        if let checkersOwn {
            return Estimate(left: checkersOwn.left, scope: .phase, confidence: .fair)
        }
        guard let rate, rate > 0, total > 0, let first = points.first, let last = points.last,
            let whole = Self.rate(first, last), last.position <= total
        else { return nil }
        let seconds = (total - last.position) / rate
        guard seconds.isFinite, seconds < 1e9 else { return nil }
        let evenness = whole > 0 ? max(rate / whole, whole / rate) : .infinity
        let share = last.position / total
        let confidence: Estimate.Confidence =
            points.count >= 8 && share > 0.1 && evenness < 1.5
            ? .good : points.count >= 4 && evenness < 3 ? .fair : .poor
        return Estimate(left: .seconds(seconds), scope: scope, confidence: confidence)
    }

    private mutating func follow(
        _ scope: Estimate.Scope, _ key: String, _ position: Double, _ total: Double,
        _ now: Duration
    ) {
        if key != self.key || position < points.last?.position ?? 0 {
            points = []
            spacing = .seconds(1)
            self.key = key
        }
        self.scope = scope
        self.total = total
        guard let last = points.last else {
            points = [Point(time: now, position: position)]
            return
        }
        guard now - last.time >= spacing else { return }
        points.append(Point(time: now, position: position))
        guard points.count > Self.mostPoints else { return }
        points = points.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        spacing *= 2
    }

    private static func rate(_ from: Point, _ to: Point) -> Double? {
        let components = (to.time - from.time).components
        let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        return seconds > 0 ? (to.position - from.position) / seconds : nil
    }
}
