/// Whether a checker, or the kernel's own recovery, gets anywhere.
package enum Verdict: String, Sendable, Equatable, CaseIterable {
    /// Steps come, one soon after the other.
    case working
    /// Steps come, seldom.
    case slow
    /// No steps, but it reads or writes, or says new things, or quietly waits: nobody can say.
    case unknown
    /// Only noise: lines that repeat, or processor time, and nothing read or written.
    case livelocked
    /// Nothing moves, and the kernel does not let it go on.
    case hung

    package var isStuck: Bool { self == .livelocked || self == .hung }
}

/// Decides the verdict from three rates: useful work, input and output, and noise.
package struct VerdictMachine: Sendable {
    /// What one look at the checker and its devices shows; all counts only grow.
    package struct Sample: Sendable, Equatable {
        /// Steps forward (`Progress.steps`).
        package var steps: UInt64 = 0
        /// Bytes that went to or came from storage.
        package var storage: UInt64 = 0
        /// Bytes read from anywhere, the page cache and program files too.
        package var reads: UInt64 = 0
        /// Lines that nobody knows and that are new, and ones that repeat.
        package var newLines: UInt64 = 0
        package var noise: UInt64 = 0
        /// Processor time used.
        package var processor: Duration = .zero
        /// A task of it is in uninterruptible sleep.
        package var isBlocked = false

        package init() {}
    }

    package enum Event: Sendable, Equatable {
        case sampled(Sample)
        /// The checker has ended.
        case ended
    }

    package enum Effect: Sendable, Equatable {
        /// The verdict has changed.
        case announce(Verdict, because: String)
        /// It is stuck: keep the stacks, the last kernel lines and the counters.
        case keepEvidence
    }

    /// How long nothing may happen before it means something.
    package struct Patience: Sendable, Equatable {
        /// From the last step until a verdict other than working or slow.
        package var quiet: Duration = .seconds(45)
        /// No input or output for so long means that there is none.
        package var silence: Duration = .seconds(15)
        /// A step each so often is working; more seldom is slow.
        package var pace: Duration = .seconds(8)

        package init() {}

        /// The same judgement on a faster time scale, for trials.
        package init(dividedBy divisor: Int) {
            quiet = quiet / divisor
            silence = silence / divisor
            pace = pace / divisor
        }
    }

    /// Time since boot at which the next sample is due; `nil` once the checker has ended.
    package private(set) var deadline: Duration?

    private let patience: Patience
    private let interval: Duration
    private var state = State.starting

    private enum State {
        case starting
        case watching(Watch)
        case over
    }

    private struct Watch {
        var verdict: Verdict
        var reason: String
        var sample: Sample
        var sampledAt: Duration
        var lastStep: Duration
        var lastMove: Duration
        var lastNoise: Duration?
        var lastProcessor: Duration?
        var blockedSince: Duration?
        /// The reading bytes when the last movement was counted.
        var readsAtMove: UInt64
        /// The usual time from step to step; zero until there was one.
        var pace: Duration = .zero
        var stepsSeen = 0
    }

    /// Reading less than this from the page cache is no sign of work: starting a program reads its libraries.
    private static let readsThatCount: UInt64 = 1 << 20

    package init(patience: Patience = Patience(), interval: Duration = .seconds(1)) {
        self.patience = patience
        self.interval = interval
        deadline = .zero
    }

    /// The verdict now, and what it rests on.
    package var verdict: Verdict {
        if case .watching(let watch) = state { watch.verdict } else { .working }
    }

    package var reason: String {
        if case .watching(let watch) = state { watch.reason } else { "" }
    }

    package mutating func handle(_ event: Event, at now: Duration) -> [Effect] {
        switch (state, event) {
        case (.over, .sampled), (.over, .ended): return []
        case (.starting, .ended), (.watching, .ended):
            state = .over
            deadline = nil
            return []
        case (.starting, .sampled(let sample)):
            deadline = now + interval
            state = .watching(
                Watch(
                    verdict: .working, reason: "it has just begun", sample: sample, sampledAt: now,
                    lastStep: now, lastMove: now, readsAtMove: sample.reads))
            return [.announce(.working, because: "it has just begun")]
        case (.watching(var watch), .sampled(let sample)):
            guard now > watch.sampledAt else { return [] }
            deadline = now + interval
            forgive(&watch, now)
            take(sample, into: &watch, now)
            let before = watch.verdict
            (watch.verdict, watch.reason) = judge(watch, now)
            state = .watching(watch)
            guard watch.verdict != before else { return [] }
            let news = Effect.announce(watch.verdict, because: watch.reason)
            return watch.verdict.isStuck ? [news, .keepEvidence] : [news]
        }
    }

    /// Time in which nobody looked, such as a sleep of the whole machine, does not count against the checker.
    private func forgive(_ watch: inout Watch, _ now: Duration) {
        let gap = now - watch.sampledAt - interval
        guard gap > patience.silence / 2 else { return }
        watch.lastStep += gap
        watch.lastMove += gap
        if let noise = watch.lastNoise { watch.lastNoise = noise + gap }
        if let processor = watch.lastProcessor { watch.lastProcessor = processor + gap }
        if let blocked = watch.blockedSince { watch.blockedSince = blocked + gap }
    }

    private func take(_ sample: Sample, into watch: inout Watch, _ now: Duration) {
        let old = watch.sample
        if sample.steps > old.steps {
            let pause = now - watch.lastStep
            watch.stepsSeen += 1
            watch.pace = watch.stepsSeen == 1 ? pause : (watch.pace * 3 + pause) / 4
            watch.lastStep = now
        }
        let hasRead = sample.reads >= watch.readsAtMove &+ Self.readsThatCount
        if sample.storage > old.storage || hasRead || sample.newLines > old.newLines {
            watch.lastMove = now
            watch.readsAtMove = sample.reads
        }
        if sample.noise > old.noise { watch.lastNoise = now }
        // A task that only waits and wakes uses less than a hundredth of a processor.
        if sample.processor - old.processor > (now - watch.sampledAt) / 100 {
            watch.lastProcessor = now
        }
        watch.blockedSince = sample.isBlocked ? watch.blockedSince ?? now : nil
        watch.sample = sample
        watch.sampledAt = now
    }

    private func judge(_ watch: Watch, _ now: Duration) -> (Verdict, String) {
        let quiet = now - watch.lastStep
        let isLate = quiet >= patience.quiet
        if !isLate {
            guard max(quiet, watch.pace) > patience.pace else {
                return (.working, "steps come as they should")
            }
            return (.slow, "the last step was \(Self.words(quiet)) ago")
        }
        let since = "no step for \(Self.words(quiet))"
        if now - watch.lastMove < patience.silence {
            return (.unknown, "\(since), but it still reads, writes or says new things")
        }
        if let noise = watch.lastNoise, now - noise < patience.silence {
            return (.livelocked, "\(since), nothing read or written, and the same lines repeat")
        }
        if let blocked = watch.blockedSince, now - blocked >= patience.silence {
            return (
                .hung,
                "\(since), nothing read or written, and the kernel holds it for \(Self.words(now - blocked))"
            )
        }
        if let processor = watch.lastProcessor, now - processor < patience.silence {
            // Who always took long between steps may be computing: without repeated lines that gets more time.
            guard quiet >= watch.pace * 3 else {
                return (.slow, "the last step was \(Self.words(quiet)) ago, as usual here")
            }
            return (
                .livelocked,
                "\(since), nothing read or written, and it uses processor time all along"
            )
        }
        return (.unknown, "\(since), nothing read or written; it waits for something")
    }

    private static func words(_ duration: Duration) -> String {
        "\(max(0, duration.components.seconds)) s"
    }
}
