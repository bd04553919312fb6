import LinuxKit
import RepairCore

/// Progress on one line.
enum ProgressWords {
    /// - Parameter moved: what was read and written, for where the checker gives no count.
    static func line(
        _ progress: Progress, rate: Double?, _ estimate: Estimate?, moved: String
    ) -> String {
        var parts = [phase(progress)]
        if let amount = amount(progress) {
            parts.append(amount)
        } else if !moved.isEmpty {
            parts.append(moved)
        }
        if let share = progress.share { parts.append("\(percent(share)) of the whole") }
        if let rate, rate > 0, let unit = progress.unit, progress.share == nil {
            parts.append("\(short(rate)) \(unit)/s")
        }
        if let estimate {
            let scope = estimate.scope == .whole ? "" : " of this phase"
            parts.append(
                "about \(estimate.left.inWords) left\(scope) (\(estimate.confidence.rawValue) estimate)"
            )
        }
        if let first = progress.journal.first, let last = progress.journal.last {
            let replayed = progress.journal.replayed ? "replayed" : "to be replayed"
            let range =
                progress.journal.isLog
                ? "log records \(LogRange.words(first, last))" : "journal entries \(first)-\(last)"
            let place = progress.journal.replayed && progress.writesNothing ? " in memory" : ""
            parts.append("\(range) \(replayed)\(place)")
        }
        if progress.errorsFound + progress.errorsFixed > 0 {
            parts.append("\(progress.errorsFound) errors found, \(progress.errorsFixed) fixed")
        }
        return parts.joined(separator: ", ")
    }

    private static func phase(_ progress: Progress) -> String {
        guard let phase = progress.phase else { return "no phase yet" }
        let number = progress.phaseNumber.map { number in
            progress.phaseCount.map { "phase \(number) of \($0): " } ?? "phase \(number): "
        }
        return (number ?? "") + phase + (progress.part.map { " (\($0))" } ?? "")
    }

    /// The raw counts always, for percentages of some checkers exceed 100.
    private static func amount(_ progress: Progress) -> String? {
        guard let done = progress.done else { return nil }
        let unit = progress.unit.map { " \($0)" } ?? ""
        guard let total = progress.total, total > 0 else { return "\(done)\(unit)" }
        let hundredths = Double(done) / Double(total) * 10_000
        return "\(done) of \(total)\(unit) (\(percent(UInt64(min(hundredths, 1e9)))))"
    }

    private static func percent(_ hundredths: UInt64) -> String {
        "\(hundredths / 100).\(hundredths % 100 / 10) %"
    }

    private static func short(_ rate: Double) -> String {
        guard rate < 1e15 else { return "many" }
        return rate >= 10 ? "\(Int(rate))" : "\(Int(rate)).\(Int(rate * 10) % 10)"
    }
}
