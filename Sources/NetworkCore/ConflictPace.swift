/// How long to leave an interface alone after an address turned out to be another machine's.
package struct ConflictPace: Sendable, Equatable {
    private var conflicts = 0

    package init() {}

    /// MAX_CONFLICTS and RATE_LIMIT_INTERVAL. Source: RFC 5227 §1.1.
    private static let most = 10
    private static let pauseAfterMany = Duration.seconds(60)

    /// Counts one conflict, and gives the wait before the next try: `usual`, and after ten conflicts a minute.
    package mutating func pause(usual: Duration) -> Duration {
        conflicts = min(conflicts + 1, Self.most)
        return conflicts < Self.most ? usual : max(usual, Self.pauseAfterMany)
    }

    /// An address could be had: the next conflict is the first again.
    package mutating func settled() { conflicts = 0 }
}
