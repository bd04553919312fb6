import ExportCore
import LinuxKit

/// Has steps carried out by a child process, each with a deadline: a portal that is torn down, or a disk that is
/// opened, can hang in the kernel (D state) for minutes, and must not take everything else with it.
final class StepRunner {
    /// How one step ended.
    enum Outcome: Equatable {
        case done
        case failed(code: Int32)
        /// The kernel has not come back; the child was given up and another one goes on.
        case hangs
    }

    /// The applet that is the other end.
    static let applet = "export-steps"

    private var child: ChildProcess?
    private var requests: FileDescriptor?
    private var answers: FileDescriptor?

    /// - Parameter deadline: `Clock.now` at which the step is given up.
    func perform(_ step: Step, until deadline: Duration) throws(SystemError) -> Outcome {
        if child == nil { try start() }
        try requests?.write(step.json.compact + "\n")
        var answer: [UInt8] = []
        while answer.last != UInt8(ascii: "\n") {
            let ready = try Poll.wait([.init(answers?.number ?? -1, .input)], until: deadline)
            guard ready.first?.isReadable == true else {
                if Clock.now < deadline { continue }
                giveUp()
                return .hangs
            }
            guard case .bytes(let bytes)? = try answers?.read(atMost: 64) else {
                giveUp()
                throw SystemError(
                    "carry out", "'\(step)': its process has ended", code: ErrorNumber.brokenPipe)
            }
            answer += bytes
        }
        let code =
            Int32(String(decoding: answer.dropLast(), as: UTF8.self)) ?? ErrorNumber.inputOutput
        Checkpoint.passed()
        return code == 0 ? .done : .failed(code: code)
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
        child.take()?.abandon()
        requests = nil
        answers = nil
    }
}
