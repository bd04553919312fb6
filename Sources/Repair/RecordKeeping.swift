import JSONKit
import LinuxKit
import Recorder
import RepairCore

/// Keeps a copy of an attempt's record in its place while it runs. The copying is a process of its own: a place that
/// outlives this boot may be slow, full, or hang, and none of that may hold up or end a repair.
struct RecordKeeping: ~Copyable {
    /// When the last copy was made, and why there is none since.
    private(set) var copiedAt: Duration?
    private(set) var failure: String?

    private let id: Int
    private let place: String?
    private let recorder: Recorder
    private var machine: CopyMachine
    private var child: ChildProcess?
    private var said: FileDescriptor?

    /// - Parameter every: the longest time without a new copy.
    init(_ id: Int, in place: String?, every: Duration, _ recorder: Recorder) {
        self.id = id
        self.place = place
        self.recorder = recorder
        machine = CopyMachine(every: every)
    }

    /// `{place, at, failure}`; `null` where no place was given.
    var json: JSON {
        guard let place else { return .null }
        return [
            "place": .string(place), "at": JSON(copiedAt?.milliseconds), "failure": JSON(failure),
        ]
    }

    /// Becomes readable when a copying has ended; negative while there is none.
    var descriptor: Int32 {
        switch child {
        case .some(let child): child.descriptor
        case .none: -1
        }
    }
    var deadline: Duration? { machine.deadline }

    /// Whether it is time to begin a copying, for which the record has to be up to date.
    func isDue(at now: Duration) -> Bool {
        guard child == nil, let deadline else { return false }
        return now >= deadline
    }

    /// Something has changed that must not wait for the next minute.
    mutating func renew() {
        guard place != nil else { return }
        perform(machine.handle(.news, at: Clock.now))
    }

    /// Looks after the time and the copying.
    /// - Returns: whether `json` has changed.
    mutating func attend() -> Bool {
        let before = (copiedAt, failure)
        let now = Clock.now
        if let deadline = machine.deadline, now >= deadline {
            perform(machine.handle(.timeReached, at: now))
        }
        if let exit = child?.poll() { ended(exit) }
        return before != (copiedAt, failure)
    }

    /// Waits for the copying that is under way.
    /// - Returns: whether it has ended.
    mutating func wait(until deadline: Duration) -> Bool {
        guard child != nil else { return true }
        guard let exit = (try? child?.wait(until: deadline)) ?? nil else { return false }
        ended(exit)
        return true
    }

    /// Makes the last copy, which has the end of the attempt.
    mutating func finish(within patience: Duration) {
        guard place != nil else { return }
        let deadline = Clock.now + patience
        if wait(until: deadline) {
            start()
            if wait(until: deadline) {
                // For good now, whatever was said before.
                if let failure { complain(failure) }
                return
            }
        }
        failure = "it does not answer"
        complain("it does not answer")
        child.take()?.abandon()
    }

    // MARK: One copying

    private mutating func perform(_ effects: [CopyMachine.Effect]) {
        for effect in effects {
            switch effect {
            case .copy: start()
            case .complain(let reason):
                failure = reason
                complain(reason)
            case .recovered:
                recorder.record("\(id): the copy of the record in \(place ?? "") is made again")
            }
        }
    }

    private func complain(_ reason: String) {
        recorder.record("\(id): no copy of the record in \(place ?? ""): \(reason)", .warning)
    }

    private mutating func start() {
        var request = ChildProcess.Request.davit(["job", "copy", "\(id)"])
        request.newSession = true
        do throws(SystemError) {
            let pipe = try FileDescriptor.pipe()
            request.error = pipe.writing.number
            child = try ChildProcess(starting: request)
            try pipe.reading.setNonBlocking()
            said = try pipe.reading.duplicate()
        } catch {
            child = nil
            failure = error.description
            perform(machine.handle(.copied(failure: error.description), at: Clock.now))
        }
    }

    private mutating func ended(_ exit: ChildProcess.Exit) {
        child = nil
        // One sentence: it fits into the pipe, and is there when the process has ended.
        let bytes = (try? said?.readAll(limit: 1024)) ?? []
        let words = Line(bytes.prefix { $0 != UInt8(ascii: "\n") }).trimmed.text
        said = nil
        let now = Clock.now
        if exit == .code(0) {
            copiedAt = now
            failure = nil
            perform(machine.handle(.copied(failure: nil), at: now))
        } else {
            let reason = words.isEmpty ? "the copying ended with \(exit)" : words
            failure = reason
            perform(machine.handle(.copied(failure: reason), at: now))
        }
    }
}
