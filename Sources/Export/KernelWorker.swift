import ExportCore
import JSONKit
import LinuxKit

/// Has everything done by a child process that can hang in the kernel, each request with a deadline: a portal that is
/// torn down, a directory whose removal is under way, a disk that is dying can hold a process for minutes (D state), and
/// must not hold up the rest. A child that does not come back is given up, and another one goes on.
final class KernelWorker {
    /// The applet that is the other end.
    static let applet = "export-steps"

    /// How much longer than asked for one may take that only waits for a processor.
    private static let grace = Duration.seconds(10)

    /// Who did not come back, in words.
    private(set) var hung: [String] = []

    /// How long was waited in vain, in all. Who has to be done in time counts this and nothing else: work that goes on
    /// takes longer on a busy machine, and is not to be given up for that.
    private(set) var lost = Duration.zero

    /// Whether one that was given up still hangs.
    var isHeldUp: Bool { abandoned.contains { HungThread($0) != nil } }

    /// Forgets those that have come back.
    func forgetHung() { (hung, abandoned) = ([], []) }

    /// Waits until those that were given up have come back.
    /// - Returns: `false` when some still hang at `deadline` (`Clock.now`).
    func waitForHung(until deadline: Duration) throws(SystemError) -> Bool {
        let begun = Clock.now
        defer { lost += Clock.now - begun }
        while isHeldUp {
            guard Clock.now < deadline else { return false }
            // Nothing announces that the kernel lets a process go.
            _ = try Poll.wait([], until: min(deadline, Clock.now + .milliseconds(50)))
        }
        return true
    }

    private var abandoned: [Int32] = []
    private var child: ChildProcess?
    private var requests: FileDescriptor?
    private var answers: FileDescriptor?

    /// - Parameter deadline: `Clock.now` at which the request is given up.
    /// - Returns: `nil` when it was; `hung` has one more entry then.
    func ask(_ request: JSON, until deadline: Duration) throws(SystemError) -> JSON? {
        if child == nil { try start() }
        let begun = Clock.now
        var deadline = deadline
        let last = deadline + Self.grace
        try requests?.write(request.compact + "\n")
        var answer: [UInt8] = []
        while answer.last != UInt8(ascii: "\n") {
            let ready = try Poll.wait([.init(answers.number, .input)], until: deadline)
            guard ready.first?.isReadable == true else {
                if Clock.now < deadline { continue }
                // On a machine that is busy with other things nothing hangs: its turn has not come.
                if Clock.now < last, let pid = child?.pid, HungThread.isRunnable(pid) {
                    deadline = Clock.now + .milliseconds(100)
                    continue
                }
                lost += Clock.now - begun
                giveUp()
                return nil
            }
            guard case .bytes(let bytes)? = try answers?.read(atMost: 65536) else {
                end()
                throw SystemError(
                    "carry out", "a request: its process has ended", code: ErrorNumber.brokenPipe)
            }
            answer += bytes
        }
        return (try? JSON(parsing: String(decoding: answer, as: UTF8.self))) ?? .null
    }

    private func start() throws(SystemError) {
        let down = try FileDescriptor.pipe()
        let up = try FileDescriptor.pipe()
        var request = ChildProcess.Request.davit([Self.applet])
        request.input = down.reading.number
        request.output = up.writing.number
        request.error = 2
        child = try ChildProcess(starting: request)
        requests = try down.writing.duplicate()
        answers = try up.reading.duplicate()
    }

    private func giveUp() {
        guard let pid = child?.pid else { return }
        // The kernel's own threads of the target say what the child waits for.
        let threads = HungThread.all(named: "iscsi_").map(\.description)
        let own = HungThread(pid)?.description ?? "process \(pid) does not come back"
        abandoned.append(pid)
        hung.append(([own] + threads).joined(separator: "; "))
        end()
    }

    private func end() {
        child.take()?.abandon()
        requests = nil
        answers = nil
    }
}

/// How one step ended.
enum StepOutcome: Equatable {
    case done
    case failed(code: Int32)
    /// The kernel has not come back; the text says who waits where.
    case hangs(String)

    /// Why it failed, in words.
    var failure: String? {
        switch self {
        case .done: nil
        case .failed(let code): ErrorNumber.words(code)
        case .hangs(let who): "the kernel does not come back from it (\(who))"
        }
    }
}

extension KernelWorker {
    /// Carries out one step.
    func perform(_ step: Step, until deadline: Duration) throws(SystemError) -> StepOutcome {
        let outcome = try code(of: step.json, until: deadline)
        if case .hangs = outcome { return outcome }
        Checkpoint.passed()
        return outcome
    }

    /// Opens a block device exclusively and lets it go again.
    func claim(_ path: String, until deadline: Duration) throws(SystemError) -> StepOutcome {
        try code(of: ["do": "claim", "path": .string(path)], until: deadline)
    }

    func code(
        of request: JSON, until deadline: Duration
    ) throws(SystemError) -> StepOutcome {
        guard let answer = try ask(request, until: deadline) else {
            return .hangs(hung.last ?? "")
        }
        let code = Int32(clamping: answer["code"]?.int ?? Int(ErrorNumber.inputOutput))
        return code == 0 ? .done : .failed(code: code)
    }
}
