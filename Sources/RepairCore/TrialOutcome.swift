/// What a trial showed: what is reachable before the repair and after it.
package struct TrialOutcome: Sendable, Equatable {
    /// What the real repair would make of it.
    package enum Kind: String, Sendable {
        /// Mounted neither before nor after.
        case unreachable
        /// Mounted before, and not after.
        case worse
        /// Some files are gone, hold something else, or cannot be read any more.
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
            && before.reading?.unreadable == after.reading?.unreadable
        return isSame ? .same : .gains
    }

    /// Places with fewer entries than before, sums that fell, and files that differ; lost+found only gains by a repair.
    private var losses: [String] {
        guard let before, let after, before.failure == nil, after.failure == nil else { return [] }
        var words: [String] = []
        for (place, count) in before.places.sorted(by: { $0.key < $1.key }) {
            let left = after.places[place] ?? 0
            // An empty lost+found may go.
            guard left < count, place != "lost+found" || count > 1 else { continue }
            words.append("/\(Line(place).text): \(left) of \(count) entries are left")
        }
        let reading = after.reading ?? Census.Reading()
        if reading.gone > 0, words.isEmpty {
            words.append("\(reading.gone) files are not where they were")
        }
        if reading.changed > 0 {
            words.append("\(reading.changed) files hold something else than before")
        }
        let unreadable = before.reading?.unreadable ?? 0
        if reading.unreadable > unreadable, before.reading?.isCut == false {
            words.append("\(reading.unreadable - unreadable) more files cannot be read")
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
        if let compared { words.append(compared) }
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
        for sample in (after?.firstErrors ?? []) + (after?.reading?.samples ?? []) {
            words.append("After the repair, \(sample).")
        }
        return words
    }

    /// How far the comparison of the files' content went.
    private var compared: String? {
        guard let before = before?.reading, let after = after?.reading, before.whole > 0 else {
            return nil
        }
        let same = after.compared &- after.changed
        return
            "Of \(before.whole) files that were read before, \(after.compared) were read again: \(same) hold the same, byte for byte."
    }
}
