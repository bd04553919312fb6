import CLinux
import LinuxKit

/// What happened, for programs: who is told by the `Recorder`, the rest is here. There is no field for bytes or text.
package struct Event: Sendable, Equatable {
    /// What was done or met.
    package enum What: UInt8, Sendable, CaseIterable {
        /// Words alone.
        case said
        case started, ended, confined
        case address, carrier
        case connection, login, command
        case passphrase, unlocking
        case export, commit
        case repair, verdict
        case shell, reset

        /// In the output of `davit log --json`.
        package var word: String { "\(self)" }
    }

    /// How it came out.
    package enum Outcome: UInt8, Sendable, CaseIterable {
        /// There was nothing to come out.
        case none
        case begun, done, failed, refused, lost, killed

        package var word: String { "\(self)" }
    }

    package let what: What
    /// The object's, or empty: an optional one would have to be taken out, which takes longer than writing it.
    let name: String
    package let outcome: Outcome
    /// An exit code, a signal as its negative, an errno, a count: what `what` says.
    package let code: Int32
    /// How long it took, 49 days at most; `unknown` without.
    let milliseconds: UInt32

    private static let unknown = UInt32.max

    /// - Parameter duration: how long it took; kept in whole milliseconds.
    package init(
        _ what: What, _ object: Object? = nil, _ outcome: Outcome = .none,
        took duration: Duration? = nil, code: Int32 = 0
    ) {
        let milliseconds = duration.map {
            UInt32(clamping: min($0.milliseconds, Int64(Self.unknown) - 1))
        }
        self.init(what, object, outcome, milliseconds: milliseconds ?? Self.unknown, code: code)
    }

    /// What a ring holds.
    init(
        _ what: What, _ object: Object?, _ outcome: Outcome, milliseconds: UInt32, code: Int32
    ) {
        self.what = what
        name = object?.description ?? ""
        self.outcome = outcome
        self.milliseconds = milliseconds
        self.code = code
    }

    package var object: Object? { Object(recorded: name) }

    /// How long it took, in whole milliseconds.
    package var duration: Duration? {
        milliseconds == Self.unknown ? nil : .milliseconds(Int64(milliseconds))
    }
}

extension Event: CustomStringConvertible {
    /// For an entry without words of its own: `root: unlocking done after 2 s`.
    package var description: String {
        var words = name.isEmpty ? "" : "\(name): "
        words += what.word
        if outcome != .none { words += " \(outcome.word)" }
        if let duration { words += " after \(duration.inWords)" }
        if code != 0 { words += " (\(code))" }
        return words
    }
}
