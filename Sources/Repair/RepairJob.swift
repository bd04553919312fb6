import JSONKit
import LinuxKit
import Recorder
import RepairCore

/// Runs one checker to its end, watches it, and keeps the record; a process of its own that outlives who asked for it.
package struct RepairJob: ~Copyable {
    private let backend: any Backend
    private let request: JobRequest
    private let directory: String
    private let recorder = Recorder(component: "repair")
    private var reader: ProgressReader
    private var estimator = Estimator()
    private var verdicts: VerdictMachine
    private var cancellation = CancellationMachine()
    private var transcript: Transcript
    private var record: JobRecord
    private var publishedAt = Duration.zero
    private var isDirty = true

    private static let publishEvery = Duration.milliseconds(500)
    /// A checker that goes in and out of being stuck must not fill the memory.
    private static let mostEvidence = 8

    /// Carries out the request in the directory of attempt `id`.
    package static func run(_ id: Int) throws {
        let directory = Jobs.directory(id)
        guard let text = Files.text(directory + "/request.json"),
            let request = (try? JSON(parsing: text)).flatMap({ JobRequest($0) }),
            let backend = Backends.named(request.backend)
        else { throw RepairError.noSuchJob(id) }
        guard let lock = try LockFile(taking: Jobs.lock(id)) else { return }
        let signals = try SignalDescriptor([
            Signal.terminate, Signal.interrupt, Signal.quit, Signal.hangup,
        ])
        var job = try RepairJob(id, request, backend)
        try job.run(signals)
        _ = consume lock
    }

    private init(_ id: Int, _ request: JobRequest, _ backend: any Backend) throws {
        directory = Jobs.directory(id)
        self.request = request
        self.backend = backend
        reader = ProgressReader(backend, streams: 3)
        let ordinary = VerdictMachine.Patience()
        let divisor = max(
            1, Int(ordinary.quiet.components.seconds) / max(1, request.patienceSeconds))
        verdicts = VerdictMachine(
            patience: VerdictMachine.Patience(dividedBy: divisor),
            interval: divisor > 4 ? .milliseconds(200) : .seconds(1))
        transcript = try Transcript(at: directory + "/transcript")
        record = JobRecord(id: id, request: request)
    }

    private mutating func run(_ signals: borrowing SignalDescriptor) throws {
        record.before = look()
        publish()
        recorder.record(
            "\(request.purpose.rawValue) \(record.id) begins: \(request.command)", .notice)
        var locks = MemberLocks()
        let obstacle = locks.take(request.members) ?? users()
        if let obstacle {
            end(how: "not started", Meaning(8, obstacle))
            return
        }
        do {
            let exit = try check(signals)
            record.after = look()
            let (how, meaning) = explained(exit)
            end(how: how, meaning)
        } catch {
            end(how: "failed", Meaning(8, "\(error)"))
        }
    }

    // MARK: The checker

    private mutating func check(_ signals: borrowing SignalDescriptor) throws -> ChildProcess.Exit {
        let output = try FileDescriptor.pipe()
        let error = try FileDescriptor.pipe()
        let progress = try FileDescriptor.pipe()
        // Opened before the start: the first lines of a recovery come at once.
        let log = KernelLogReader()
        var child = try start(output, error, progress)
        // Our copies of the writing ends would keep the pipes from ending.
        let streams = try [
            Self.closingWriter(output), Self.closingWriter(error), Self.closingWriter(progress),
        ]
        defer { for stream in streams { _ = FileDescriptor(adopting: stream) } }
        return try follow(&child, streams, signals, log)
    }

    private static func closingWriter(_ pipe: consuming Pipe) throws(SystemError) -> Int32 {
        let kept = try pipe.reading.duplicate()
        try kept.setNonBlocking()
        return kept.release()
    }

    private mutating func start(
        _ output: borrowing Pipe, _ error: borrowing Pipe, _ progress: borrowing Pipe
    ) throws(SystemError) -> ChildProcess {
        var child = ChildProcess.Request(request.program, request.arguments)
        if request.inKernel { child.arguments = ["davit"] + request.arguments }
        child.environment = Environment.inherited + ["LC_ALL=C"]
        child.output = output.writing.number
        child.error = error.writing.number
        if request.progressDescriptor { child.extra = progress.writing.number }
        // A checker is never killed without being asked for, not even when this process is.
        child.newSession = true
        child.diesWithParent = false
        var started = try ChildProcess(starting: child)
        started.detach()
        record.checkerPid = started.pid
        return started
    }

    private mutating func follow(
        _ child: inout ChildProcess, _ streams: [Int32], _ signals: borrowing SignalDescriptor,
        _ log: borrowing KernelLogReader
    ) throws -> ChildProcess.Exit {
        var sampler = Sampler(session: child.pid, members: request.members)
        let names = request.members.compactMap(Usage.kernelName)
        var open = streams
        while true {
            let deadlines = [
                verdicts.deadline, cancellation.deadline,
                isDirty ? publishedAt + Self.publishEvery : nil,
            ].compactMap { $0 }
            var interests = open.map { Poll.Interest($0, .input) }
            interests.append(.init(child.descriptor, .input))
            interests.append(.init(signals.number, .input))
            interests.append(.init(log.number, .input))
            _ = try Poll.wait(interests, until: deadlines.min())

            drain(&open)
            while let signal = signals.next() { asked(signal, &child) }
            readKernel(log.take(), about: names)
            let now = Clock.now
            if let deadline = verdicts.deadline, now >= deadline { judge(&sampler, now) }
            if let deadline = cancellation.deadline, now >= deadline {
                perform(cancellation.handle(.timeReached, at: now), &child, sampler.activity)
            }
            if let exit = child.poll() {
                readKernel(log.take(atMost: 4096), about: names)
                finishStreams(&open)
                return exit
            }
            if isDirty, now >= publishedAt + Self.publishEvery { publish() }
        }
    }

    /// Reads what is there, at most a megabyte each, so that a flood does not keep the rest from being looked at.
    private mutating func drain(_ open: inout [Int32]) {
        for (index, descriptor) in open.enumerated() where descriptor >= 0 {
            let stream = FileDescriptor(adopting: descriptor)
            reading: for _ in 0..<16 {
                switch try? stream.read(atMost: 65536) {
                case .bytes(let bytes):
                    reader.take(bytes, from: index)
                    if index < 2 { transcript.append(bytes) }
                    isDirty = true
                case .wouldBlock: break reading
                case .end, nil:
                    open[index] = -1
                    break reading
                }
            }
            _ = stream.release()
        }
    }

    /// A process that the checker left behind may hold the pipes open: two seconds, then they are left.
    private mutating func finishStreams(_ open: inout [Int32]) {
        let deadline = Clock.now + .seconds(2)
        while open.contains(where: { $0 >= 0 }), Clock.now < deadline {
            _ = try? Poll.wait(open.map { .init($0, .input) }, until: deadline)
            drain(&open)
        }
        reader.finish()
        transcript.close()
        record.leftOut = transcript.leftOut
    }

    // MARK: Verdict

    private mutating func judge(_ sampler: inout Sampler, _ now: Duration) {
        let sample = sampler.take(reader.progress)
        estimator.take(reader.progress, at: now)
        let before = verdicts.reason
        for effect in verdicts.handle(.sampled(sample), at: now) {
            switch effect {
            case .announce(let verdict, let reason):
                record.verdictSince = now
                recorder.record(
                    "\(record.id): \(verdict.rawValue): \(reason)",
                    verdict.isStuck ? .warning : .detail)
            case .keepEvidence: keepEvidence(sampler.activity)
            }
        }
        if cancellation.isCancelling {
            record.waitsFor = Self.waiting(sampler.activity, reader.progress)
        }
        isDirty = isDirty || before != verdicts.reason || cancellation.isCancelling
    }

    private mutating func keepEvidence(_ activity: ProcessActivity) {
        guard record.evidence.count < Self.mostEvidence else { return }
        let path = "\(directory)/evidence-\(record.evidence.count + 1).txt"
        let text = Evidence.gather(activity, because: verdicts.reason)
        guard (try? Files.replace(path, with: text, mode: 0o600)) != nil else { return }
        record.evidence.append(path)
    }

    private mutating func readKernel(_ records: [[UInt8]], about names: [String]) {
        for record in records {
            let line = Line(record.prefix { $0 != UInt8(ascii: "\n") })
            // What davit itself writes there names the members too.
            guard !line.contains(";davit: "),
                (names + [request.uuid]).contains(where: { line.contains(text: $0) })
            else {
                continue
            }
            if request.inKernel {
                reader.read(line)
                transcript.append(Array("\(KernelPrefix.dmesg(line))\n".utf8))
            } else {
                reader.readKernel(line)
            }
            isDirty = true
        }
    }

    // MARK: Cancelling

    private mutating func asked(_ signal: Int32, _ child: inout ChildProcess) {
        switch signal {
        case Signal.terminate, Signal.interrupt:
            perform(cancellation.handle(.asked, at: Clock.now), &child, nil)
        case Signal.quit: perform(cancellation.handle(.askedToKill, at: Clock.now), &child, nil)
        default: break  // A hangup: the session is gone; the job is not.
        }
    }

    private mutating func perform(
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
            recorder.record("\(record.id): cancelling (\(effect)): \(record.waitsFor ?? "")")
            isDirty = true
        }
    }

    private static func waiting(_ activity: ProcessActivity, _ progress: Progress) -> String {
        let phase = progress.phase.map { "It is in '\($0)'" } ?? "It has not begun a phase"
        guard let task = activity.blocked.first else {
            return "\(phase) and ends when it looks at its signals."
        }
        let place = task.waitsIn.isEmpty ? "" : " in \(task.waitsIn)"
        return "\(phase), and the kernel holds it\(place): no signal reaches it before that ends."
    }

    // MARK: The end

    private func explained(_ exit: ChildProcess.Exit) -> (String, Meaning) {
        switch exit {
        case .code(let code):
            let meaning =
                request.inKernel
                ? KernelMount.meaning(ofExit: code, reader.progress)
                : backend.meaning(ofExit: code, of: request.purpose, reader.progress)
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

    private mutating func end(how: String, _ meaning: Meaning) {
        _ = verdicts.handle(.ended, at: Clock.now)
        record.state = .ended
        record.endedAt = Clock.now
        record.waitsFor = nil
        record.ending = (how, meaning)
        publish()
        recorder.record(
            "\(request.purpose.rawValue) \(record.id) has ended (\(how)): \(meaning.words)", .notice
        )
    }

    private mutating func publish() {
        record.progress = reader.progress
        record.troubles = reader.troubles
        record.estimate = estimator.estimate
        record.rate = estimator.rate
        record.words = ProgressWords.line(record.progress, rate: record.rate, record.estimate)
        if record.state != .ended {
            record.verdict = verdicts.verdict
            record.because = verdicts.reason
        }
        // A full /run must not stop a repair.
        try? Files.replace(directory + "/record.json", with: record.json.pretty, mode: 0o600)
        if publishedAt == .zero || record.state == .ended { copyRecord() }
        publishedAt = Clock.now
        isDirty = false
    }

    /// At the start and at the end: a place that outlives this boot may be slow.
    private func copyRecord() {
        guard let place = request.logTo else { return }
        let copy = "\(place)/davit-repair-\(record.id)"
        do {
            try Files.makeDirectory(copy, mode: 0o700)
            try Files.replace(copy + "/record.json", with: record.json.pretty, mode: 0o600)
            let limit = Transcript.headLimit + 2 * Transcript.tailLimit + 256
            if let bytes = try? Files.read(directory + "/transcript", limit: limit) {
                try Files.replace(copy + "/transcript", with: bytes, mode: 0o600)
            }
            for (index, path) in record.evidence.enumerated() {
                guard let text = Files.text(path) else { continue }
                try Files.replace("\(copy)/evidence-\(index + 1).txt", with: text, mode: 0o600)
            }
        } catch {
            recorder.record("\(record.id): no copy in \(place): \(error)", .warning)
        }
    }

    private func look() -> FileSystem? {
        let usage = Usage()
        let found = Finding.all(from: request.members.map { Look.device($0, usage) })
        for case .fileSystem(let subject) in found { return subject.system }
        return nil
    }

    /// Looked at once more: between the plan and the start somebody may have mounted it.
    private func users() -> String? {
        let usage = Usage()
        for member in request.members {
            guard let user = usage.users(of: member).first else { continue }
            return "\(member) is in use now (\(user)); nothing was started"
        }
        return nil
    }
}
