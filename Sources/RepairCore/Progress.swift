/// How far a check or repair is: one model for all checkers, and for the kernel's own.
package struct Progress: Equatable, Sendable {
    /// Journal entries by their sequence numbers.
    package struct Journal: Equatable, Sendable {
        package var first: UInt64?
        package var last: UInt64?
        /// The numbers are those of a log: the cycle in the upper half, the block in the lower.
        package var isLog = false
        package var replayed = false
        package var skipped = false
        package var discarded = false
        package var mustBeReplayed = false
        package var closedAt: UInt64?
    }

    package private(set) var phase: String?
    package private(set) var part: String?
    package private(set) var phaseNumber: Int?
    package private(set) var phaseCount: Int?
    /// Phases that the checker has announced as ended.
    package private(set) var phasesEnded = 0
    package private(set) var done: UInt64?
    package private(set) var total: UInt64?
    package private(set) var unit: String?
    /// Of the whole, in hundredths of a percent; the checker's own figure, which may exceed 10 000.
    package private(set) var share: UInt64?
    /// The checker's own expectation.
    package private(set) var secondsLeft: UInt64?
    package private(set) var journal = Journal()
    package private(set) var errorsFound = 0
    package var errorsFixed: Int { writesNothing ? 0 : mended }
    /// All that is said to be fixed or replayed is so in memory only.
    package private(set) var writesNothing = false
    package private(set) var saysSound = false
    package private(set) var version: String?

    /// Steps forward: a new phase, a higher count, an error found or fixed. Never falls; counting the same ground again is none.
    package private(set) var steps: UInt64 = 0
    /// Lines that nobody knows and that have not been seen lately.
    package private(set) var newLines: UInt64 = 0
    /// Lines that nobody knows and that only repeat.
    package private(set) var noise: UInt64 = 0
    /// The line that repeats.
    package private(set) var noisyLine: String?

    /// As the checker tells them, whether it writes them or not.
    private var mended = 0
    private var visited: Set<String> = []
    private var furthest: UInt64?
    private var recent: [UInt64] = []
    private var nextRecent = 0

    package init() {}

    /// Whether anything shows that the checker has looked at the file system.
    package var hasChecked: Bool { phase != nil || phasesEnded > 0 || saysSound }

    package mutating func apply(_ observation: Observation) {
        switch observation {
        case .phase(let name, let number, let count): enter(name, number, count)
        case .part(let name): enterPart(name)
        case .amount(let done, let total, let unit): count(done, total, unit)
        case .share(let share): advance(toShare: share)
        case .remaining(let seconds): secondsLeft = seconds
        case .ended(let name):
            enter(name, nil, nil)
            phasesEnded &+= 1
            secondsLeft = nil
        case .journal(let first, let last):
            journal.first = first
            journal.last = last
            steps &+= 1
        case .journalReplayed:
            journal.replayed = true
            steps &+= 1
        case .journalClosed(let sequence): journal.closedAt = sequence
        case .journalSkipped: journal.skipped = true
        case .logMustBeReplayed: journal.mustBeReplayed = true
        case .logDiscarded: journal.discarded = true
        case .found(let count):
            errorsFound &+= count
            steps &+= 1
        case .fixed(let count):
            mended &+= count
            // Some checkers name an error only when they have mended it.
            errorsFound = max(errorsFound, mended)
            steps &+= 1
        case .nothingWritten: writesNothing = true
        case .sound: saysSound = true
        case .version(let name): version = name
        case .remark: break
        }
    }

    /// What the superblock and the journal said before, where the checker does not tell.
    package func knowing(_ before: FileSystem.Journal?) -> Progress {
        guard journal.first == nil else { return self }
        var progress = self
        switch before {
        case .needsReplay(let first?, let last?):
            progress.journal.first = first
            progress.journal.last = last
        case .logNeedsReplay(let range):
            progress.journal.first = range.first
            progress.journal.last = range.last
            progress.journal.isLog = true
        default: break
        }
        return progress
    }

    /// Counts a line that the backend does not know.
    package mutating func applyUnknown(_ line: Line) {
        let pattern = line.pattern
        if recent.contains(pattern) {
            noise &+= 1
            noisyLine = String(line.text.prefix(200))
            return
        }
        newLines &+= 1
        if recent.count < Self.memory {
            recent.append(pattern)
        } else {
            recent[nextRecent] = pattern
            nextRecent = (nextRecent + 1) % Self.memory
        }
    }

    /// How many different unknown lines are remembered: more than a flood alternates between.
    private static let memory = 32
    /// A checker with more phases than this invents them.
    private static let mostPhases = 512

    private mutating func enter(_ name: String, _ number: Int?, _ count: Int?) {
        if name != phase || (number != nil && number != phaseNumber) {
            phase = name
            part = nil
            begin(name)
        }
        if let number { phaseNumber = number }
        if let count { phaseCount = count }
    }

    private mutating func enterPart(_ name: String) {
        guard name != part else { return }
        part = name
        begin("\(phase ?? "")/\(name)")
    }

    private mutating func begin(_ key: String) {
        done = nil
        total = nil
        unit = nil
        secondsLeft = nil
        furthest = nil
        guard visited.count < Self.mostPhases else { return }
        if visited.insert(key).inserted { steps &+= 1 }
    }

    private mutating func count(_ done: UInt64, _ total: UInt64?, _ unit: String) {
        self.done = done
        self.total = total
        self.unit = unit
        if done > furthest ?? 0 {
            furthest = done
            steps &+= 1
        }
    }

    private mutating func advance(toShare share: UInt64) {
        if share > self.share ?? 0 { steps &+= 1 }
        self.share = share
    }
}
