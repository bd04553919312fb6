import Foundation
import LinuxKit

/// Who has the processors from the beginning of this value on.
struct FloodLoad {
    private let server: Int32
    private let flood: Int32
    private let begin: (all: Double, busy: Double, ours: Double)

    init(server: Int32, flood: Int32) {
        self.server = server
        self.flood = flood
        begin = Self.now(server, flood)
    }

    /// The part of the processors' time that others had: programs of neither the server nor the test, and, where this machine is
    /// virtual, its host.
    var others: Double {
        let now = Self.now(server, flood)
        return max(0, now.busy - begin.busy - (now.ours - begin.ours)) / max(1, now.all - begin.all)
    }

    /// In ticks. Source: proc_stat(5), proc_pid_stat(5).
    private static func now(
        _ server: Int32, _ flood: Int32
    ) -> (all: Double, busy: Double, ours: Double) {
        let line = (Files.text("/proc/stat") ?? "").prefix { $0 != "\n" }
        // user nice system idle iowait irq softirq steal; what guests have is in user already.
        let times = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard times.count == 8 else { return (0, 0, 0) }
        let all = times.reduce(0, +)
        var usage = rusage()
        var clients = 0.0
        for who in [RUSAGE_SELF.rawValue, RUSAGE_CHILDREN.rawValue] {
            getrusage(__rusage_who_t(who), &usage)
            for time in [usage.ru_utime, usage.ru_stime] {
                clients += Double(time.tv_sec) + Double(time.tv_usec) / 1e6
            }
        }
        let ours = clients * Double(sysconf(Int32(_SC_CLK_TCK))) + ticks(server) + ticks(flood)
        return (all, all - times[3] - times[4], ours)
    }

    /// Of a process and of those of its children that have ended.
    private static func ticks(_ pid: Int32) -> Double {
        let fields = (Files.text("/proc/\(pid)/stat") ?? "").split(separator: ")").last ?? ""
        // utime, stime, cutime, cstime are the fields 14 to 17; behind the name the third is the first.
        return fields.split(separator: " ").dropFirst(11).prefix(4).compactMap { Double($0) }
            .reduce(0, +)
    }
}
