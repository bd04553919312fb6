import JSONKit
import LinuxKit
import RepairCore

/// Starts the checker, and follows its output and the kernel log until it ends.
extension RepairJob {
    mutating func check(_ signals: borrowing SignalDescriptor) throws -> ChildProcess.Exit {
        let output = try outlet()
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

    /// Where the checker prints: a terminal for one that would keep everything back, so that what it does is seen while it
    /// does it; where no terminal can be had, a pipe.
    private func outlet() throws(SystemError) -> Pipe {
        guard backend.speaksToTerminals, !stage.inKernel, let terminal = try? PseudoTerminal()
        else { return try FileDescriptor.pipe() }
        terminal.leaveLineEnds()
        let (controlling, program) = terminal.split()
        return Pipe(
            reading: FileDescriptor(adopting: controlling),
            writing: FileDescriptor(adopting: program))
    }

    static func closingWriter(_ pipe: consuming Pipe) throws(SystemError) -> Int32 {
        let kept = try pipe.reading.duplicate()
        try kept.setNonBlocking()
        return kept.release()
    }

    mutating func start(
        _ output: borrowing Pipe, _ error: borrowing Pipe, _ progress: borrowing Pipe
    ) throws(SystemError) -> ChildProcess {
        var child = ChildProcess.Request(stage.program, [])
        child.arguments = stage.arguments
        child.environment = Environment.inherited + ["LC_ALL=C"]
        child.output = output.writing.number
        child.error = error.writing.number
        if stage.progressDescriptor { child.extra = progress.writing.number }
        // A checker is never killed without being asked for, not even when this process is.
        child.newSession = true
        child.diesWithParent = stage.diesWithJob
        // Nor by the next line that it prints then, in the middle of its writing.
        child.survivesBrokenPipes = !stage.diesWithJob
        var started = try ChildProcess(starting: child)
        if !stage.diesWithJob { started.detach() }
        record.checkerPid = started.pid
        record.checkerStartedAt = ProcessTable.beginning(of: started.pid)
        return started
    }

    mutating func follow(
        _ child: inout ChildProcess, _ streams: [Int32], _ signals: borrowing SignalDescriptor,
        _ log: borrowing KernelLogReader
    ) throws -> ChildProcess.Exit {
        var sampler = Sampler(session: child.pid, members: stage.devices)
        let names = KernelNames(of: stage.devices, uuid: request.uuid)
        var open = streams
        while true {
            let deadlines = [
                verdicts.deadline, cancellation.deadline, keeping.deadline,
                isDirty ? publishedAt + Self.publishEvery : nil,
            ].compactMap { $0 }
            var interests = open.map { Poll.Interest($0, .input) }
            interests.append(.init(child.descriptor, .input))
            interests.append(.init(signals.number, .input))
            interests.append(.init(log.number, .input))
            interests.append(.init(keeping.descriptor, .input))
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
            if keeping.isDue(at: now) { settle() }
            if keeping.attend() { isDirty = true }
            if isDirty, now >= publishedAt + Self.publishEvery { publish() }
        }
    }

    /// Reads what is there, at most a megabyte each, so that a flood does not keep the rest from being looked at.
    mutating func drain(_ open: inout [Int32]) {
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
    mutating func finishStreams(_ open: inout [Int32]) {
        let deadline = Clock.now + .seconds(2)
        while open.contains(where: { $0 >= 0 }), Clock.now < deadline {
            _ = try? Poll.wait(open.map { .init($0, .input) }, until: deadline)
            drain(&open)
        }
        reader.finish()
    }
}
