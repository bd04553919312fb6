import Addresses

/// Which address may be tried when, after others turned out to be another machine's.
///
/// It limits the addresses that are tried and not the questions: a server that comes back meanwhile is heard at once. The ten
/// seconds of RFC 2131 §3.1, step 5, against a server that gives a declined address again and again, count for that address
/// alone; what is sent is bounded by `PacketBudget` in any case. After ten conflicts in a row one address a minute is tried,
/// whoever offers it: RFC 5227 §2.1.1 wants that of every machine, since one that claims all addresses could otherwise
/// keep the link busy. That minute is the only wait that may be longer than the promise of `Pace`.
package struct ConflictPace: Sendable, Equatable {
    private var conflicts = 0
    private var lost: IPv4Address?
    private var lostAt = Duration.zero

    package init() {}

    /// MAX_CONFLICTS and RATE_LIMIT_INTERVAL. Source: RFC 5227 §1.1.
    private static let most = 10
    private static let pauseAfterMany = Duration.seconds(60)
    private static let pauseForTheSame = Duration.seconds(10)

    /// An address turned out to be another machine's.
    package mutating func lost(_ address: IPv4Address, at now: Duration) {
        conflicts = min(conflicts + 1, Self.most)
        lost = address
        lostAt = now
    }

    /// An address could be had: the next conflict is the first again.
    package mutating func settled() { self = ConflictPace() }

    /// The earliest time at which an address may be tried.
    package func opening(for address: IPv4Address) -> Duration {
        if conflicts >= Self.most { return lostAt + Self.pauseAfterMany }
        return address == lost ? lostAt + Self.pauseForTheSame : .zero
    }

    /// Whether any address may be tried.
    package func isOpen(at now: Duration) -> Bool {
        lost.map { opening(for: $0) <= now } ?? true
    }
}
