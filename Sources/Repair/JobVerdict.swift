import LinuxKit
import Recorder
import RepairCore

/// Judges whether it gets anywhere, and ends it when it is told to.
extension RepairJob {
    // MARK: Verdict

    mutating func judge(_ sampler: inout Sampler, _ now: Duration) {
        askKernel()
        let sample = sampler.take(reader.progress)
        estimator.take(reader.progress, at: now)
        record.traffic = sampler.traffic
        isDirty = isDirty || record.moved != sampler.words
        record.moved = sampler.words
        let before = verdicts.reason
        var hasNews = false
        for effect in verdicts.handle(.sampled(sample), at: now) {
            switch effect {
            case .announce(let verdict, let reason):
                record.verdictSince = now
                recorder.record(
                    "\(record.id): \(verdict.rawValue): \(reason)",
                    verdict.isStuck ? .warning : .detail, Event(.verdict, .number(record.id)))
                hasNews = true
            case .keepEvidence: keepEvidence(sampler.activity)
            }
        }
        if cancellation.isCancelling {
            record.waitsFor = Self.waiting(sampler.activity, reader.progress)
        }
        isDirty = isDirty || before != verdicts.reason || cancellation.isCancelling
        // With the evidence, which is written by now.
        if hasNews { renewCopy() }
    }

    /// What the kernel says on request: its bcachefs about its passes, and md about what lies below.
    private mutating func askKernel() {
        if stage.inKernel, request.backend == "bcachefs" {
            let directory = "\(Roots.sys)/fs/bcachefs/\(request.uuid)"
            for path in ["\(directory)/recovery_status", "\(directory)/internal/recovery_status"] {
                guard let text = Files.text(path, limit: 65536) else { continue }
                reader.take(Array((text + "\n").utf8), from: 3)
            }
        }
        let arrays = ArrayActivity.busy(below: stage.devices)
        let below = arrays.map(\.words)
        isDirty = isDirty || below != record.below
        record.below = below
        burdens = arrays.compactMap(\.burden)
    }

    mutating func keepEvidence(_ activity: ProcessActivity) {
        guard record.evidence.count < Self.mostEvidence else { return }
        let path = "\(directory)/evidence-\(record.evidence.count + 1).txt"
        let text = Evidence.gather(activity, because: verdicts.reason)
        guard (try? Files.replace(path, with: text, mode: 0o600)) != nil else { return }
        record.evidence.append(path)
    }

    mutating func readKernel(_ records: [[UInt8]], about names: KernelNames) {
        for record in records {
            let line = Line(record.prefix { $0 != UInt8(ascii: "\n") })
            // What davit itself writes there names the members too.
            guard !line.contains(";davit: ") else { continue }
            let isOwn = names.own.contains { line.names($0) }
            guard isOwn || names.below.contains(where: { line.names($0) }) else { continue }
            if stage.inKernel, isOwn {
                reader.read(line)
                transcript.append(Array("\(KernelPrefix.dmesg(line))\n".utf8))
            } else {
                reader.readKernel(line)
            }
            isDirty = true
        }
    }

    // MARK: Cancelling

    mutating func asked(_ signal: Int32, _ child: inout ChildProcess) {
        switch signal {
        case Signal.terminate, Signal.interrupt:
            perform(cancellation.handle(.asked, at: Clock.now), &child, nil)
        case Signal.quit: perform(cancellation.handle(.askedToKill, at: Clock.now), &child, nil)
        default: break  // A hangup: the session is gone; the job is not.
        }
    }

    mutating func perform(
        _ effects: [CancellationMachine.Effect], _ child: inout ChildProcess,
        _ activity: ProcessActivity?
    ) {
        for effect in effects {
            switch effect {
            case .interrupt: child.signalGroup(Signal.interrupt)
            case .terminate: child.signalGroup(Signal.terminate)
            case .kill: child.signalGroup(Signal.kill)
            case .explain: break
            }
            record.state = .cancelling
            record.waitsFor = Self.waiting(
                activity ?? ProcessActivity(ofSession: child.pid), reader.progress)
            recorder.record(
                "\(record.id): cancelling (\(String(describing: effect))): \(record.waitsFor ?? "")"
            )
            isDirty = true
        }
        if !effects.isEmpty { renewCopy() }
    }

    static func waiting(_ activity: ProcessActivity, _ progress: Progress) -> String {
        let phase = progress.phase.map { "It is in '\($0)'" } ?? "It has not begun a phase"
        guard let task = activity.blocked.first else {
            return "\(phase) and ends when it looks at its signals."
        }
        let place = task.waitsIn.isEmpty ? "" : " in \(task.waitsIn)"
        return "\(phase), and the kernel holds it\(place): no signal reaches it before that ends."
    }
}
