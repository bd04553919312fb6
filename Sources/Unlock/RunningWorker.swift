import LinuxKit
import UnlockCore

/// A worker process under way. A class, because a collection cannot hold what cannot be copied.
final class RunningWorker {
    let name: String
    private var child: ChildProcess
    private let output: FileDescriptor

    /// - Throws: when no process can be started.
    init(
        name: String, _ request: WorkerRequest, secret: borrowing SharedSecret
    ) throws(SystemError) {
        let pipe = try FileDescriptor.pipe()
        var process = ChildProcess.Request.davit(request.arguments)
        process.output = pipe.writing.number
        process.error = 2
        process.extra = secret.number
        child = try ChildProcess(starting: process)
        self.name = name
        output = try pipe.reading.duplicate()
    }

    /// How long a worker may take to overwrite what it holds before it is killed.
    private static let patience = Duration.seconds(1)

    deinit {
        end()
        _ = try? child.wait(until: Clock.now + Self.patience)
    }

    /// Asks the worker to end, and to leave nothing in memory.
    func end() { child.signal(Signal.terminate) }

    /// Becomes readable when the worker has ended.
    var descriptor: Int32 { child.descriptor }

    /// What it found, or `nil` while it works.
    func finding() -> AttemptMachine.Finding? {
        guard let exit = child.poll() else { return nil }
        // All writers are gone, so this ends; a report is one short line.
        var text: [UInt8] = []
        while text.count < 8192, case .bytes(let bytes)? = try? output.read(atMost: 4096) {
            text += bytes
        }
        return UnlockWorker.finding(output: String(decoding: text, as: UTF8.self), exit: exit)
    }
}
