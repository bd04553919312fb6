/// One passphrase tried on several devices, beside Debian's cryptroot that asks for the same.
///
/// cryptroot's askpass holds a FIFO and waits for the passphrase of *one* device. That device is only tested here;
/// when all the others are open the passphrase goes into the FIFO, so that cryptroot opens it itself and goes on.
/// What it asks for although it is open (each write costs it a try, and after the last it asks for nothing more) is
/// released until it has finished, once nothing else is locked.
/// Source: cryptsetup debian/initramfs/scripts/local-top/cryptroot, setup_mapping; debian/askpass.c.
package struct AttemptMachine: Sendable {
    /// A locked device that is here.
    package struct Device: Equatable, Sendable {
        package let name: String
        /// The most memory that a keyslot of it takes, in KiB.
        package let costKiB: Int
        /// How often cryptroot asks for it; 0 is for ever.
        package let tries: Int
        /// It is open already, yet cryptroot asks for it for ever: it is closed and fed.
        package let reopens: Bool

        package init(name: String, costKiB: Int, tries: Int = 3, reopens: Bool = false) {
            self.name = name
            self.costKiB = costKiB
            self.tries = tries
            self.reopens = reopens
        }
    }

    /// What a worker found.
    package enum Finding: Equatable, Sendable {
        case accepted
        case wrong
        case failed(String)
    }

    package enum Event: Equatable, Sendable {
        case began(Observation)
        case finished(name: String, Finding)
        case observed(Observation)
        /// A mapping that was to be closed for cryptroot's sake is in use.
        case staysOpen(name: String)
        case timeReached
    }

    package enum Effect: Equatable, Sendable {
        /// Start a worker that proves the passphrase and opens nothing.
        case test(String)
        /// Start a worker that opens the device.
        case open(String)
        /// End the worker of this device.
        case abandon(String)
        /// Write the passphrase into the FIFO, or send it to systemd's socket.
        case feed(Asking)
        /// Write an empty line into the FIFO.
        case release(Asking)
        /// Close the mapping, then write the passphrase into the FIFO.
        case closeAndFeed(Asking)
        case settled(String, Outcome)
        /// Nothing more will happen.
        case end
    }

    /// How it ended for one device.
    package enum Outcome: Equatable, Sendable {
        case opened
        /// Opened by cryptroot, or by systemd, with the passphrase that was fed.
        case openedByCryptroot
        case openedBySystemd
        /// Opened by somebody else meanwhile: at the console, or in another session.
        case openedElsewhere
        /// The passphrase is right; nothing was to be opened.
        case proven
        case wrong
        case failed(String)

        package var isOpen: Bool {
            switch self {
            case .opened, .openedByCryptroot, .openedBySystemd, .openedElsewhere: true
            case .proven, .wrong, .failed: false
            }
        }
    }

    private enum Stage: Equatable {
        case waiting
        case testing(since: Duration)
        case opening(since: Duration)
        case proven(took: Duration, since: Duration)
        case fed(Asking, until: Duration)
        case settled(Outcome)

        var isSettled: Bool { if case .settled = self { true } else { false } }
    }

    /// Between two prompts cryptroot sleeps a second and may wait ten for udev.
    private static let betweenPrompts = Duration.seconds(12)
    /// The most releases in one attempt: a script that asks again and again is left alone in the end.
    private static let mostReleases = 20
    /// How long cryptroot is watched after the last thing that happened.
    private static let aftercare = Duration.seconds(12)
    /// How long a worker may go on when its mapping is there: libcryptsetup waits without end for a udevd that hangs.
    private static let patienceWithUdev = Duration.seconds(10)

    private let devices: [Device]
    /// What cryptroot asks for and was locked when the attempt began, in its order, whether it is tried now or not.
    private let cryptroots: [String]
    private let plan: WorkerPlan
    private let onlyTest: Bool
    private let workerLimit: Duration
    private var stages: [String: Stage] = [:]
    private var seen = Observation()
    private var answered: Set<Int32> = []
    /// Devices that a worker's derivation has shown this passphrase to open.
    private var proven: Set<String> = []
    /// Since when the mapping is there of a device that a worker opens.
    private var appeared: [String: Duration] = [:]
    private var watchUntil: Duration?
    private var isOver = false

    /// - Parameters:
    ///   - cryptroots: what cryptroot asks for and is locked, in its order.
    ///   - workerLimit: the longest that one key derivation may take.
    package init(
        devices: [Device], cryptroots: [String] = [], plan: WorkerPlan, onlyTest: Bool,
        workerLimit: Duration
    ) {
        self.devices = devices
        self.cryptroots = cryptroots
        self.plan = plan
        self.onlyTest = onlyTest
        self.workerLimit = workerLimit
        for device in devices { stages[device.name] = .waiting }
    }

    /// The time at which `.timeReached` must be sent; `nil` when only events count.
    package var deadline: Duration? {
        guard !isOver else { return nil }
        let ends = stages.values.compactMap { stage -> Duration? in
            switch stage {
            case .waiting, .settled: nil
            case .testing(let since), .opening(let since): since + workerLimit
            // Behind others it waits for their end, not for a time.
            case .proven(_, let since): isDeriving ? nil : since + Self.betweenPrompts
            case .fed(_, let until): until
            }
        }
        let watchEnd = stages.values.allSatisfy { $0.isSettled } ? watchUntil : nil
        let seenLongEnough = appeared.values.map { $0 + Self.patienceWithUdev }
        return (ends + seenLongEnough + [watchEnd].compactMap { $0 }).min()
    }

    /// Whether a key is derived now, or is still to be.
    private var isDeriving: Bool {
        stages.values.contains { stage in
            switch stage {
            case .waiting, .testing, .opening: true
            case .proven, .fed, .settled: false
            }
        }
    }

    /// The devices whose key is being derived now, and since when.
    package var deriving: [(name: String, since: Duration)] {
        devices.compactMap { device in
            switch stages[device.name] {
            case .testing(let since), .opening(let since): (device.name, since)
            default: nil
            }
        }
    }

    package mutating func handle(_ event: Event, at now: Duration) -> [Effect] {
        guard !isOver else { return [] }
        var effects: [Effect] = []
        switch event {
        case .began(let observation), .observed(let observation):
            seen = observation
        case .finished(let name, let finding):
            finish(name, finding, now, &effects)
        case .staysOpen(let name):
            settle(
                name,
                .failed("It is open and in use, yet cryptroot asks for it for ever (tries=0)."),
                &effects)
        case .timeReached: break
        }
        noticeOpened(now, &effects)
        expire(now, &effects)
        start(now, &effects)
        cooperate(now, &effects)
        conclude(now, &effects)
        return effects
    }

    private mutating func finish(
        _ name: String, _ finding: Finding, _ now: Duration, _ effects: inout [Effect]
    ) {
        if finding == .accepted { proven.insert(name) }
        switch (stages[name], finding) {
        case (.testing(let since), .accepted):
            if onlyTest {
                settle(name, .proven, &effects)
            } else {
                stages[name] = .proven(took: now - since, since: now)
            }
        case (.opening, .accepted): settle(name, .opened, &effects)
        case (.testing, .wrong), (.opening, .wrong): settle(name, .wrong, &effects)
        case (.testing, .failed(let words)), (.opening, .failed(let words)):
            // Whoever was faster: the wish is fulfilled, and no error of this attempt is worth a word.
            settle(
                name, seen.open.contains(name) ? .openedElsewhere : .failed(words), &effects)
        case (.waiting, _), (.proven, _), (.fed, _), (.settled, _), (nil, _): break
        }
    }

    /// Mappings that appeared without a worker of ours.
    private mutating func noticeOpened(_ now: Duration, _ effects: inout [Effect]) {
        guard !onlyTest else { return }
        noticeUdev(now, &effects)
        for device in devices where seen.open.contains(device.name) {
            switch stages[device.name] {
            case .waiting where !device.reopens, .proven where !device.reopens:
                settle(device.name, .openedElsewhere, &effects)
            case .testing where !device.reopens:
                effects.append(.abandon(device.name))
                settle(device.name, .openedElsewhere, &effects)
            case .fed(let asking, _):
                let opener = asking.socket == nil ? Outcome.openedByCryptroot : .openedBySystemd
                settle(device.name, opener, &effects)
            case .waiting, .proven, .testing, .opening, .settled, nil: break
            }
        }
    }

    private mutating func noticeUdev(_ now: Duration, _ effects: inout [Effect]) {
        for device in devices {
            guard case .opening = stages[device.name], seen.open.contains(device.name) else {
                appeared[device.name] = nil
                continue
            }
            let since = appeared[device.name] ?? now
            appeared[device.name] = since
            guard now >= since + Self.patienceWithUdev else { continue }
            appeared[device.name] = nil
            effects.append(.abandon(device.name))
            // Whose it is cannot be seen: only a proven passphrase counts as the one that opened it.
            let isOurs = proven.contains(device.name)
            settle(device.name, isOurs ? .opened : .openedElsewhere, &effects)
        }
    }

    private mutating func expire(_ now: Duration, _ effects: inout [Effect]) {
        for device in devices {
            switch stages[device.name] {
            case .testing(let since) where now >= since + workerLimit,
                .opening(let since) where now >= since + workerLimit:
                effects.append(.abandon(device.name))
                settle(
                    device.name,
                    .failed(
                        "The key derivation was given up after \(workerLimit.components.seconds) s."
                    ),
                    &effects)
            default: break
            }
        }
    }

    private mutating func start(_ now: Duration, _ effects: inout [Effect]) {
        var waiting: [(name: String, costKiB: Int)] = []
        var running: [Int] = []
        for device in devices {
            switch stages[device.name] {
            case .waiting: waiting.append((device.name, device.costKiB))
            case .testing, .opening: running.append(device.costKiB)
            case .proven, .fed, .settled, nil: break
            }
        }
        // While cryptroot waits for a disk or derives a key it has asked for nothing yet: what it asks for next is opened by
        // itself, for after three tries at something that is open it would ask for nothing more.
        let next =
            seen.asking?.name ?? (seen.cryptrootRuns ? cryptroots.first { !isOpen($0) } : nil)
        for name in plan.admitted(waiting: waiting, runningKiB: running) {
            let reopens = devices.contains { $0.name == name && $0.reopens }
            let isAsked = next == name || seen.systemdAsks(for: name) != nil
            if onlyTest || reopens || isAsked {
                stages[name] = .testing(since: now)
                effects.append(.test(name))
            } else {
                stages[name] = .opening(since: now)
                effects.append(.open(name))
            }
        }
    }

    /// Hands proven passphrases to cryptroot, or opens where it does not take them.
    private mutating func cooperate(_ now: Duration, _ effects: inout [Effect]) {
        let othersBusy = isDeriving
        for device in devices {
            switch stages[device.name] {
            case .proven(let took, _) where seen.systemdAsks(for: device.name) != nil:
                // Each of systemd's questions has a socket of its own: nothing to wait for.
                guard let asking = seen.systemdAsks(for: device.name) else { break }
                stages[device.name] = .fed(asking, until: now + .seconds(20) + took * 4)
                effects.append(.feed(asking))
            case .proven(let took, let since) where !othersBusy:
                if let asking = seen.asking, asking.name == device.name {
                    // cryptroot derives the key once more, perhaps on a busier machine.
                    let until = now + .seconds(20) + took * 4
                    stages[device.name] = .fed(asking, until: until)
                    answered.insert(asking.pid)
                    effects.append(device.reopens ? .closeAndFeed(asking) : .feed(asking))
                    // What was seen before the closing says nothing about after it.
                    seen.open.remove(device.name)
                } else if device.reopens {
                    settle(device.name, .openedElsewhere, &effects)
                } else if !seen.cryptrootRuns && !seen.systemdRuns
                    || now >= since + Self.betweenPrompts
                {
                    stages[device.name] = .opening(since: now)
                    effects.append(.open(device.name))
                }
            case .fed(let asking, let until):
                if now >= until || seen.hasGoneOn(from: asking) {
                    stages[device.name] = .opening(since: now)
                    effects.append(.open(device.name))
                }
            case .proven, .waiting, .testing, .opening, .settled, nil: break
            }
        }
    }

    /// When every device is settled: frees cryptroot from prompts for what is open, then ends.
    private mutating func conclude(_ now: Duration, _ effects: inout [Effect]) {
        let outcomes = stages.values.compactMap { stage -> Outcome? in
            if case .settled(let outcome) = stage { outcome } else { nil }
        }
        guard outcomes.count == stages.count else { return }

        if !onlyTest, let asking = seen.asking, canBeAnswered(asking.name) {
            if !answered.contains(asking.pid) { answer(asking, &effects, now) }
        } else if onlyTest || seen.asking != nil || !seen.cryptrootRuns
            || !devices.isEmpty && !outcomes.contains(where: { $0.isOpen })
        {
            // Nothing to release: cryptroot is done, waits for somebody else's answer, or was given nothing. (An
            // attempt without devices is there to release: between two prompts it waits for the next.)
            return end(&effects)
        }
        let until = watchUntil ?? now + Self.aftercare
        watchUntil = until
        if now >= until { end(&effects) }
    }

    private mutating func answer(_ asking: Asking, _ effects: inout [Effect], _ now: Duration) {
        answered.insert(asking.pid)
        watchUntil = now + Self.aftercare
        guard asksForEver(asking.name) else { return effects.append(.release(asking)) }
        stages[asking.name] = .fed(asking, until: now + .seconds(60))
        seen.open.remove(asking.name)
        effects.append(.closeAndFeed(asking))
    }

    /// What is open may be released, once nothing is locked that cryptroot would not ask for any more then. Where a release
    /// would be followed by the next prompt, for ever, only closing and feeding helps, and only with a passphrase that is
    /// known to be right: closing is no step to take on trust.
    private func canBeAnswered(_ name: String) -> Bool {
        guard isOpen(name), answered.count < Self.mostReleases else { return false }
        return asksForEver(name) ? proven.contains(name) : cryptroots.allSatisfy { isOpen($0) }
    }

    private func asksForEver(_ name: String) -> Bool {
        devices.contains { $0.name == name && $0.tries == 0 }
    }

    private func isOpen(_ name: String) -> Bool {
        if case .settled(let outcome) = stages[name], outcome.isOpen { return true }
        return seen.open.contains(name)
    }

    private mutating func settle(
        _ name: String, _ outcome: Outcome, _ effects: inout [Effect]
    ) {
        stages[name] = .settled(outcome)
        effects.append(.settled(name, outcome))
    }

    private mutating func end(_ effects: inout [Effect]) {
        isOver = true
        watchUntil = nil
        effects.append(.end)
    }
}
