/// Tells the first sound on a link that was silent, such as a router that has just booted, from the chatter of a
/// network that has been there all the time.
package struct SignsOfLife: Sendable {
    private var lastHeardAt: Duration
    private var lastReportedAt: Duration?

    /// Nothing heard for so long is silence.
    private static let silence = Duration.seconds(10)
    /// The least time between two reports.
    private static let pause = Duration.seconds(60)

    /// - Parameter now: when the link came up: what is heard with it is no news.
    package init(since now: Duration) { lastHeardAt = now }

    /// Counts one packet of another machine, and says whether it broke a silence.
    package mutating func heard(at now: Duration) -> Bool {
        let wasSilent = now - lastHeardAt >= Self.silence
        lastHeardAt = max(lastHeardAt, now)
        guard wasSilent, lastReportedAt.map({ now - $0 >= Self.pause }) ?? true else {
            return false
        }
        lastReportedAt = now
        return true
    }
}
