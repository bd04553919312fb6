/// When to send again while nobody answers.
package struct Pace: Sendable, Equatable {
    /// A server that becomes reachable is to have given an address within this time.
    package var promise = Duration.seconds(8)
    /// Whether DHCPv4 and DHCPv6 are both unanswered on the interface, which has 20 packets a minute for the two of them.
    package var isShared = false

    package init() {}

    /// The wait after the packet number `sent` (1 is the first) of a search.
    ///
    /// RFC 2131 §4.1 doubles from 4 s to 64 s; a server that comes back in such a gap would wait for us. The first gaps are
    /// short, for a link whose switch begins to forward a second or two late; the later ones leave so much of the promise that a
    /// server may ping the address for 3 s before it offers it (dnsmasq), and that davit can probe for it (1.1 s): 3 to
    /// 3.9 s, so that there is mostly room for one lost packet too. That is 17 packets a minute. Where DHCPv6 is unanswered as
    /// well it is 4.6 to 5.4 s and 12 packets: the promise then holds for servers that ping for a second and a half at most.
    package func gap(
        after sent: Int, using random: inout some RandomNumberGenerator
    ) -> Duration {
        let early = [1000, 1000, 2000, 2000, 3000]
        guard sent > early.count else {
            let middle = sent < 1 ? early[0] : early[sent - 1]
            return .milliseconds(Int.random(in: middle * 3 / 4...middle * 5 / 4, using: &random))
        }
        let whole = Int(clamping: promise.inMilliseconds)
        if isShared { return Self.between(whole / 40 * 23, whole / 40 * 27, using: &random) }
        let least = whole / 8 * 3
        let most = max(min(whole / 8 * 5, whole - Self.afterTheTry), least / 4 * 5)
        return .milliseconds(Int.random(in: least...most, using: &random))
    }

    /// What follows the message that the server hears, in milliseconds: its ping and ours.
    private static let afterTheTry = 4100

    /// The wait after the message number `sent` of a search by DHCPv6: 1, 2 and 4 s as RFC 8415 §18.2.1 has it, and then 5.6 to
    /// 6.8 s instead of an hour, which leaves room for the kernel's probe of the address (1 s). That is 10 packets a minute, and 8
    /// where DHCPv4 is unanswered as well: then it is 7.5 to 8 s.
    package func gap6(
        after sent: Int, using random: inout some RandomNumberGenerator
    ) -> Duration {
        let early = [1000, 2000, 4000]
        guard sent > early.count else {
            let middle = sent < 1 ? early[0] : early[sent - 1]
            return Self.between(middle / 10 * 9, middle / 10 * 11, using: &random)
        }
        let whole = Int(clamping: promise.inMilliseconds)
        return isShared
            ? Self.between(whole / 16 * 15, whole, using: &random)
            : Self.between(whole / 10 * 7, whole - Self.afterTheReply, using: &random)
    }

    /// The answer, and the kernel's probe, in milliseconds.
    private static let afterTheReply = 1200

    /// The wait after a message for an address that is held by DHCPv6 and valid still: after a few quick ones 18 to 30 s instead of ten
    /// minutes (RFC 8415 §18.2.4).
    package func renewalGap6(
        after sent: Int, using random: inout some RandomNumberGenerator
    ) -> Duration {
        sent <= 3 ? gap6(after: sent, using: &random) : Self.between(18_000, 30_000, using: &random)
    }

    /// Milliseconds; an upper end below the lower one counts as the lower one.
    private static func between(
        _ least: Int, _ most: Int, using random: inout some RandomNumberGenerator
    ) -> Duration {
        .milliseconds(Int.random(in: least...max(least, most), using: &random))
    }

    /// The wait after a request to a server that has answered a moment ago.
    package func requestGap(
        after sent: Int, using random: inout some RandomNumberGenerator
    ) -> Duration {
        let middle = sent <= 1 ? 1000 : 2000
        return .milliseconds(Int.random(in: middle * 3 / 4...middle * 5 / 4, using: &random))
    }

    /// The wait after a renewal: half of the time that is left, as RFC 2131 §4.4.5 has it, but without its floor of 60 s, within
    /// which a short lease would end after a single lost packet, and after two more tries at once: the first one may have met
    /// a server that was being restarted.
    package func renewalGap(
        after sent: Int, left: Duration, using random: inout some RandomNumberGenerator
    ) -> Duration {
        let soon = gap(after: .max, using: &random)
        return sent <= 2 ? soon : max(left / 2, soon)
    }
}

/// Bounds what one interface sends, whatever a server or a loose cable provokes: a burst, and 20 packets a minute.
package struct PacketBudget: Sendable {
    private static let burst = 8
    private let refill: Duration
    private var fullAt = Duration.zero

    /// - Parameter refill: the time that one packet costs.
    package init(refill: Duration = .seconds(3)) { self.refill = refill }

    /// The earliest time at which a packet may go.
    package func opening(at now: Duration) -> Duration {
        max(now, fullAt - refill * (Self.burst - 1))
    }

    /// Counts one packet.
    package mutating func spend(at now: Duration) { fullAt = max(fullAt, now) + refill }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var inMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }
}
