import JSONKit

/// The way of `davit repair` from the check over the trial to the repair.
package enum Guide {
    /// Why the next step is not offered, by the record of the last one; `nil` when nothing speaks against it.
    package static func objection(_ record: JSON?) -> String? {
        let step = record?["purpose"]?.string ?? "step"
        guard let bits = record?["exit"]?["bits"]?.int else { return "The \(step) left no record." }
        if bits & 32 != 0 { return "The \(step) was cancelled." }
        // 8: it could not work or crashed; 16 and 128: it was not understood, or a library of it failed.
        if bits & (8 | 16 | 128) != 0 { return "The \(step) could not do its work." }
        return switch record?["trial"]?["kind"]?.string {
        case "worse": "What can be mounted now could not be mounted after the repair."
        case "loses": "The repair would lose files."
        case "unreachable": "It could not be mounted after the repair, either."
        default: nil
        }
    }

    /// The way on for who knows better, and the way back.
    package static func insisting(on paths: [String]) -> String {
        "The guide ends here. Who knows better repairs all the same with 'davit repair --run \(paths.joined(separator: " "))'."
    }

    /// What is left to be asked.
    package enum Step: String, Sendable { case check, trial, run }

    /// Said when it ends at a question: what was not done, and how to go on.
    package static func leaving(before step: Step, _ paths: [String]) -> String {
        let targets = paths.joined(separator: " ")
        return switch step {
        case .check:
            "Nothing was started. 'davit repair --check \(targets)' checks without a write; 'davit repair \(targets)' asks again."
        case .trial:
            "Nothing was written. To go on: 'davit repair --trial \(targets)', then 'davit repair --run \(targets)'."
        case .run: "Nothing was written. 'davit repair --run \(targets)' asks again."
        }
    }
}
