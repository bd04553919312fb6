import Glibc

/// The machine's clocks.
package enum Clock {
    /// Time since boot, sleep included (CLOCK_BOOTTIME): the one clock of every deadline.
    package static var now: Duration { read(CLOCK_BOOTTIME) }

    /// Time since 1970 in UTC as far as the machine knows; in an initramfs often wrong, so for display only.
    package static var wall: Duration { read(CLOCK_REALTIME) }

    /// CLOCK_MONOTONIC, for times that another program gives in it.
    package static var sinceBootWithoutSleep: Duration { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }

    /// Seconds with three decimals, as the kernel log has them: `12.345`.
    package var inSeconds: String {
        let all = milliseconds
        let fraction = String(abs(all % 1000))
        return "\(all / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    /// For people: `350 ms`, `12 s`, `4 min 5 s`, `3 h 20 min`, `2 d 1 h`.
    package var inWords: String {
        let all = milliseconds
        let seconds = all / 1000
        return switch seconds {
        case ..<1: "\(all) ms"
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86400: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86400) d \(seconds / 3600 % 24) h"
        }
    }
}
