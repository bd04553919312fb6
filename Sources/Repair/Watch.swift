import JSONKit
import LinuxKit
import RepairCore

/// Follows a job through its record, from any session; ending the watching does not touch the job.
package struct Watch {
    package enum Style: Sendable { case terminal, plain, json }

    private let id: Int
    private let style: Style
    private var shown = ""
    private var shownAt = Duration.zero
    private var shownVerdict = ""
    private var shownTroubles = 0
    private var hasShownFailedCopy = false

    /// On plain output a line comes at least so often while something moves.
    private static let plainEvery = Duration.seconds(10)
    private static let lookEvery = Duration.milliseconds(400)

    package init(_ id: Int, _ style: Style) {
        self.id = id
        self.style = style
    }

    /// Shows the job until it ends; Ctrl-C ends the watching, and this process, and not the job.
    /// - Returns: its exit bits; 8 when the job died without a word.
    /// - Throws: when signals cannot be waited for.
    package mutating func untilTheEnd() throws(SystemError) -> Int32 {
        let signals = try SignalDescriptor([Signal.interrupt, Signal.terminate, Signal.hangup])
        defer { signals.letThrough() }
        while true {
            let hasEnded = Jobs.waitForEnd(
                of: id, until: Clock.now + Self.lookEvery, or: signals.number)
            guard let record = Jobs.record(id) else { return 8 }
            if hasEnded {
                finish(record)
                return Int32(clamping: record["exit"]?["bits"]?.int ?? 8)
            }
            if let signal = signals.next() {
                leave(record)
                signals.end(by: signal)
            }
            show(record)
        }
    }

    /// Standard error: on a terminal it is the same, and programs read the other.
    private func leave(_ record: JSON) {
        let kind = record["purpose"]?.string ?? "repair"
        let line = style == .terminal ? "\n" : ""
        Output.error(
            "\(line)The \(kind) goes on: 'davit repair watch \(id)' follows it, 'davit repair cancel \(id)' ends it."
        )
    }

    private mutating func show(_ record: JSON) {
        let text = Self.line(record)
        let verdict = record["verdict"]?["verdict"]?.string ?? ""
        switch style {
        case .json:
            let compact = record.compact
            if compact != shown { Output.line(compact) }
            shown = compact
            return
        case .terminal:
            // A longer line would wrap and not be overwritten.
            Output.write("\r\u{1B}[K" + String(text.prefix(Output.columns - 1)))
        case .plain:
            let isDue = Clock.now - shownAt >= Self.plainEvery && text != shown
            guard isDue || verdict != shownVerdict else { break }
            Output.line(text)
            shown = text
            shownAt = Clock.now
        }
        showNews(record, verdict)
    }

    /// A changed verdict and known troubles get lines of their own.
    private mutating func showNews(_ record: JSON, _ verdict: String) {
        let troubles = record["troubles"]?.array ?? []
        let newLine = style == .terminal ? "\n" : ""
        if verdict != shownVerdict, !shownVerdict.isEmpty {
            Output.line("\(newLine)\(verdict): \(record["verdict"]?["because"]?.string ?? "")")
        }
        shownVerdict = verdict
        for trouble in troubles.dropFirst(shownTroubles) {
            Output.line(newLine + Self.words(trouble))
        }
        shownTroubles = troubles.count
        let failed = Self.failedCopy(record)
        if let failed, !hasShownFailedCopy {
            Output.line("\(newLine)\(failed) davit tries again and again.")
        }
        hasShownFailedCopy = failed != nil
    }

    private static func failedCopy(_ record: JSON) -> String? {
        guard let copy = record["copy"], let place = copy["place"]?.string,
            let failure = copy["failure"]?.string
        else { return nil }
        return "No copy of the record in \(place): \(failure)"
    }

    private mutating func finish(_ record: JSON) {
        if style == .json {
            Output.line(record.compact)
            return
        }
        if style == .terminal { Output.write("\r\u{1B}[K") }
        Output.write(Self.summary(record))
    }

    /// One line: what, how far, and whether it moves.
    static func line(_ record: JSON) -> String {
        let verdict = record["verdict"]?["verdict"]?.string ?? "unknown"
        let waits = record["waitsFor"]?.string.map { " Being cancelled. \($0)" } ?? ""
        let words = record["words"]?.string ?? ""
        let below = (record["below"]?.array ?? []).compactMap(\.string).map { ". Below: \($0)" }
        return "\(verdict): \(words)\(below.joined())\(waits)"
    }

    private static func words(_ trouble: JSON) -> String {
        let explanation = trouble["explanation"]?.string ?? ""
        return "\(explanation) \(trouble["nextStep"]?.string ?? "")"
    }

    /// How an attempt ended, on a few lines.
    package static func summary(_ record: JSON) -> String {
        let id = record["id"]?.int ?? 0
        let purpose = record["purpose"]?.string ?? "repair"
        let members = (record["members"]?.array ?? []).compactMap(\.string).joined(separator: " ")
        var text = "\(purpose) \(id) of \(record["type"]?.string ?? "") on \(members)"
        switch record["state"]?.string {
        case "ended":
            let took = (record["endedAt"]?.int ?? 0) - (record["startedAt"]?.int ?? 0)
            let exit = record["exit"]
            text += ", \(Duration.milliseconds(took).inWords): \(exit?["words"]?.string ?? "")"
            text += " (\(exit?["how"]?.string ?? ""))\n"
        case "interrupted": text += ": the job was killed before its end\n"
        default: text += ": \(line(record))\n"
        }
        text += "  \(record["words"]?.string ?? "")\n"
        text +=
            "  with \(record["checkerVersion"]?.string ?? "") on Linux \(record["kernel"]?.string ?? "")\n"
        for (name, words) in [("before", record["before"]), ("after", record["after"])] {
            guard let words, let state = words["state"]?.string else { continue }
            let number = words["sequence"]?.int.map { ", sequence \($0)" } ?? ""
            text += "  \(name): \(state), \(words["journal"]?.string ?? "")\(number)\n"
        }
        for sentence in (record["trial"]?["words"]?.array ?? []).compactMap(\.string) {
            text += "  \(sentence)\n"
        }
        for trouble in record["troubles"]?.array ?? [] { text += "  \(words(trouble))\n" }
        for path in (record["evidence"]?.array ?? []).compactMap(\.string) {
            text += "  evidence: \(path)\n"
        }
        if let failed = failedCopy(record) {
            text += "  \(failed)\n"
        } else if let place = record["copy"]?["place"]?.string {
            text += "  a copy of the record is in \(place)\n"
        }
        return text + "  transcript: \(record["transcript"]?.string ?? "")\n"
    }
}
