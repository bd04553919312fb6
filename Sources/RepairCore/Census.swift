/// What can be reached in a mounted file system: counts, and what could not be read.
package struct Census: Sendable, Equatable {
    package var files: UInt64 = 0
    package var directories: UInt64 = 0
    package var others: UInt64 = 0
    /// The sum of the files' sizes.
    package var bytes: UInt64 = 0
    /// Names that could not be looked at or into.
    package var errors: UInt64 = 0
    /// The first of those, each with the kernel's reason.
    package private(set) var firstErrors: [String] = []
    /// Entries by the first part of their path, such as `home`; what exceeds the bound is only in the sums.
    package private(set) var places: [String: UInt64] = [:]
    /// Why it could not be mounted at all.
    package var failure: String?

    private static let mostErrors = 8
    private static let mostPlaces = 256

    package init() {}

    package var entries: UInt64 { files &+ directories &+ others }

    /// Counts `path`, which begins with `/`, towards the place that it is in.
    package mutating func note(_ path: String) {
        let place = String(path.dropFirst().prefix { $0 != "/" })
        if let known = places[place] {
            places[place] = known &+ 1
        } else if places.count < Self.mostPlaces {
            places[place] = 1
        }
    }

    package mutating func noteError(_ path: String, _ reason: String) {
        errors &+= 1
        guard firstErrors.count < Self.mostErrors else { return }
        firstErrors.append("\(Line(path.isEmpty ? "/" : path).text): \(reason)")
    }

    /// Puts back what was written down.
    package init(
        files: UInt64, directories: UInt64, others: UInt64, bytes: UInt64, errors: UInt64,
        firstErrors: [String], places: [String: UInt64], failure: String?
    ) {
        self.files = files
        self.directories = directories
        self.others = others
        self.bytes = bytes
        self.errors = errors
        self.firstErrors = firstErrors
        self.places = places
        self.failure = failure
    }

    package var words: String {
        if let failure {
            return
                "cannot be mounted: \(failure.hasSuffix(".") ? String(failure.dropLast()) : failure)"
        }
        let unread = errors > 0 ? ", \(errors) names not readable" : ""
        return "\(files) files and \(directories) directories with \(bytes) bytes\(unread)"
    }
}

/// What a trial showed: what is reachable before the repair and after it.
package struct TrialOutcome: Sendable, Equatable {
    /// What the real repair would make of it.
    package enum Kind: String, Sendable {
        /// Mounted neither before nor after.
        case unreachable
        /// Mounted before, and not after.
        case worse
        /// Some names are gone, or fewer bytes can be reached.
        case loses
        /// Nothing is lost, and something is gained.
        case gains
        case same
        /// One of the two looks is missing, because the trial did not come so far.
        case unknown
    }

    package let before: Census?
    package let after: Census?

    package init(before: Census?, after: Census?) {
        self.before = before
        self.after = after
    }

    package var kind: Kind {
        guard let before, let after else { return .unknown }
        switch (before.failure == nil, after.failure == nil) {
        case (false, false): return .unreachable
        case (true, false): return .worse
        case (false, true): return .gains
        case (true, true): break
        }
        if !losses.isEmpty { return .loses }
        var places = before.places
        // An empty one comes and goes with repairs.
        if after.places["lost+found"] == nil { places["lost+found"] = nil }
        let isSame =
            places == after.places && before.bytes == after.bytes && before.errors == after.errors
        return isSame ? .same : .gains
    }

    /// Places with fewer entries than before, and sums that fell; lost+found only gains by a repair.
    private var losses: [String] {
        guard let before, let after, before.failure == nil, after.failure == nil else { return [] }
        var words: [String] = []
        for (place, count) in before.places.sorted(by: { $0.key < $1.key }) {
            let left = after.places[place] ?? 0
            // An empty lost+found may go.
            guard left < count, place != "lost+found" || count > 1 else { continue }
            words.append("/\(Line(place).text): \(left) of \(count) entries are left")
        }
        if after.bytes < before.bytes, words.isEmpty {
            words.append("\(before.bytes - after.bytes) bytes fewer in all")
        }
        if after.errors > before.errors {
            words.append("\(after.errors - before.errors) more names cannot be read")
        }
        return words
    }

    /// Whole sentences for the person who decides on the real repair.
    package var words: [String] {
        var words: [String] = []
        if let before { words.append("Before: \(before.words).") }
        if let after { words.append("After the repair: \(after.words).") }
        switch kind {
        case .unreachable:
            words.append(
                "The repair does not make it mountable. Copy the members before anything else is tried."
            )
        case .worse:
            words.append("The repair makes it worse: do not run it. Copy off what can be read now.")
        case .loses:
            words.append("The repair loses something: \(losses.joined(separator: "; ")).")
            words.append("Copy that off first, if it can be read.")
        case .gains: words.append("Nothing is lost, and more can be reached than before.")
        case .same: words.append("All that can be reached now can be reached after the repair too.")
        case .unknown: break
        }
        for sample in after?.firstErrors ?? [] { words.append("Not readable after: \(sample).") }
        return words
    }
}
