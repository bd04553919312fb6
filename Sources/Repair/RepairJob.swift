import JSONKit
import LinuxKit
import Recorder
import RepairCore

/// Runs one checker to its end, or tries it on overlays, watches it, and keeps the record; a process of its own that
/// outlives who asked for it.
package struct RepairJob: ~Copyable {
    let backend: any Backend
    let request: JobRequest
    let directory: String
    let recorder = Recorder(component: .repair)
    var reader: ProgressReader
    var estimator = Estimator()
    var verdicts: VerdictMachine
    var cancellation = CancellationMachine()
    var transcript: Transcript
    var record: JobRecord
    var keeping: RecordKeeping
    /// Shown in place of the last stage's, once a trial has ended.
    var checkersProgress: Progress?
    /// Of the stages before.
    var pastTroubles: [Trouble] = []
    /// What runs now.
    var stage: Stage
    /// Why the devices are slower than usual.
    var burdens: [String] = []
    var publishedAt = Duration.zero
    var isDirty = true

    static let publishEvery = Duration.milliseconds(500)
    /// A checker that goes in and out of being stuck must not fill the memory.
    static let mostEvidence = 8

    /// Carries out the request in the directory of attempt `id`.
    package static func run(_ id: Int) throws {
        let directory = Jobs.directory(id)
        guard let text = Files.text(directory + "/request.json"),
            let request = (try? JSON(parsing: text)).flatMap({ JobRequest($0) }),
            let backend = Backends.named(request.backend)
        else { throw RepairError.noSuchJob(id) }
        guard let lock = try LockFile(taking: Jobs.lock(id)) else {
            Recorder(component: .repair).record("\(id): another process has its lock", .warning)
            return
        }
        let signals = try SignalDescriptor([
            Signal.terminate, Signal.interrupt, Signal.quit, Signal.hangup,
        ])
        var job = try RepairJob(id, request, backend)
        try job.run(signals)
        _ = consume lock
    }

    /// One program of an attempt: the checker, or davit's own count of what is reachable.
    struct Stage {
        var program: String
        /// With the program's name.
        var arguments: [String]
        /// What it works on: the members or their overlays.
        var devices: [String]
        var progressDescriptor = false
        /// The kernel does the work, and its log is the progress.
        var inKernel = false
        /// Harms nothing when it ends with this process, and would be in the way.
        var diesWithJob = false
    }

    private init(_ id: Int, _ request: JobRequest, _ backend: any Backend) throws {
        directory = Jobs.directory(id)
        self.request = request
        self.backend = backend
        reader = ProgressReader(backend, streams: 4)
        verdicts = Self.newVerdicts(request)
        transcript = try Transcript(at: directory + "/transcript")
        record = JobRecord(id: id, request: request)
        keeping = RecordKeeping(
            id, in: request.logTo, every: .seconds(60) / Self.haste(request), recorder)
        stage = Stage(
            program: request.program,
            arguments: [request.inKernel ? "davit" : request.program] + request.arguments,
            devices: request.members, progressDescriptor: request.progressDescriptor,
            inKernel: request.inKernel)
    }

    /// How many times faster than usual everything is judged.
    private static func haste(_ request: JobRequest) -> Int {
        let ordinary = Int(VerdictMachine.Patience().quiet.components.seconds)
        return max(1, ordinary / max(1, request.patienceSeconds))
    }

    static func newVerdicts(_ request: JobRequest) -> VerdictMachine {
        let divisor = haste(request)
        return VerdictMachine(
            patience: VerdictMachine.Patience(dividedBy: divisor),
            interval: divisor > 4 ? .milliseconds(200) : .seconds(1))
    }

    private mutating func run(_ signals: borrowing SignalDescriptor) throws {
        // Slow disks take their time, and who started this waits for a sign of life.
        publish()
        record.before = look(at: request.members)
        publish()
        recorder.record(
            "\(request.kind) \(record.id) begins: \(request.command)", .notice,
            Event(.repair, .number(record.id), .begun))
        var locks = MemberLocks()
        let obstacle = locks.take(request.members) ?? users()
        if let obstacle {
            end(how: "not started", Meaning(8, obstacle))
            return
        }
        // Before anything is changed, so that a reset in the middle leaves a word about it; a place that is slow gets the
        // rest while it runs.
        keeping.renew()
        _ = keeping.wait(until: Clock.now + .seconds(20))
        publish()
        do {
            if request.isTrial {
                try tryOut(signals)
            } else {
                let exit = try check(signals)
                record.after = look(at: request.members)
                let (how, meaning) = explained(exit, reader.progress)
                end(how: how, meaning)
            }
        } catch {
            end(how: "failed", Meaning(8, "\(error)"))
        }
    }

    // MARK: The end

    func explained(_ exit: ChildProcess.Exit, _ progress: Progress) -> (String, Meaning) {
        switch exit {
        case .code(let code):
            let meaning =
                request.endsAsFsck
                ? backend.meaning(ofExit: code, of: request.purpose, progress)
                : KernelMount.meaning(ofExit: code, of: request.purpose, progress)
            guard cancellation.isCancelling, meaning.bits & 32 == 0 else {
                return (exit.description, meaning)
            }
            return (exit.description, Meaning(meaning.bits & ~8 | 32, "it was cancelled"))
        case .signal where cancellation.isCancelling:
            return (exit.description, Meaning(32, "it was cancelled"))
        case .signal:
            return (exit.description, Meaning(8, "the checker crashed: \(exit)"))
        }
    }

    mutating func end(how: String, _ meaning: Meaning) {
        _ = verdicts.handle(.ended, at: Clock.now)
        transcript.close()
        record.leftOut = transcript.leftOut
        record.state = .ended
        record.endedAt = Clock.now
        record.waitsFor = nil
        record.ending = (how, meaning)
        publish()
        keeping.finish(within: .seconds(60))
        if request.logTo != nil { publish() }
        recorder.record(
            "\(request.kind) \(record.id) has ended (\(how)): \(meaning.words)", .notice,
            Event(.repair, .number(record.id), .done, code: meaning.bits))
    }

    mutating func publish() {
        record.progress = (checkersProgress ?? reader.progress).knowing(record.before?.journal)
        record.troubles = pastTroubles + reader.troubles.filter { !pastTroubles.contains($0) }
        record.estimate = estimator.estimate
        record.rate = estimator.rate
        record.copy = keeping.json
        record.words = ProgressWords.line(
            record.progress, rate: record.rate, record.estimate, moved: record.moved)
        if record.state != .ended {
            record.verdict = verdicts.verdict
            record.because = verdicts.reason
            if record.verdict != .working {
                record.because += burdens.map { ". \($0)" }.joined()
            }
            if record.verdict.isStuck, let trouble = record.troubles.last(where: \.isFinal) {
                record.because += ". This is known: \(trouble.name)"
            }
        }
        // A full /run must not stop a repair.
        try? Files.replace(directory + "/record.json", with: record.json.pretty, mode: 0o600)
        publishedAt = Clock.now
        isDirty = false
    }

    /// Makes sure that a copy has all of now, before it begins.
    mutating func settle() {
        transcript.writeEnd()
        publish()
    }

    /// Has the copy renewed at once.
    mutating func renewCopy() {
        guard request.logTo != nil else { return }
        settle()
        keeping.renew()
    }

    func look(at members: [String]) -> FileSystem? {
        let uses = BlockUses()
        let found = Finding.all(from: members.map { Look.device($0, uses) })
        for case .fileSystem(let subject) in found { return subject.system }
        return nil
    }

    /// Looked at once more: between the plan and the start somebody may have mounted it.
    func users() -> String? {
        let uses = BlockUses()
        for member in request.members {
            guard let user = uses.words(of: member).first else { continue }
            return "\(member) is in use now (\(user)); nothing was started"
        }
        return nil
    }
}
