import LinuxKit

/// Keeps one interface switched on.
struct LinkSwitch {
    /// Whether davit has switched it on, in this run or an earlier one.
    var broughtUp: Bool
    private let firstSeenAt: Duration
    /// When to look again while it is off.
    private(set) var nextAt: Duration

    /// How long udev may take to name an interface before it is switched on all the same.
    private static let udevPatience = Duration.seconds(3)

    init(broughtUp: Bool, at now: Duration) {
        self.broughtUp = broughtUp
        firstSeenAt = now
        nextAt = now
    }

    /// Switches it on, unless it is too early.
    /// - Returns: whether it did.
    mutating func switchOn(
        _ link: Link, _ routes: inout RouteSocket, at now: Duration
    ) throws(SystemError) -> Bool {
        guard nextAt <= now else { return false }
        guard Udev.isDone(with: link) || now - firstSeenAt >= Self.udevPatience else {
            nextAt = now + .milliseconds(50)
            return false
        }
        // Somebody may switch it off again and again; once in two seconds is not a fight.
        nextAt = now + .seconds(2)
        try routes.setUp(true, link)
        broughtUp = true
        return true
    }
}
