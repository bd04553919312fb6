import LinuxKit
import Recorder

/// One running service: its process, and what it says on standard output and error, which goes to the recorder.
///
/// A class, because a dictionary of running services cannot hold values that must not be copied.
final class ServiceProcess {
    private var process: ChildProcess
    private let output: FileDescriptor
    private let recorder: Recorder
    private var line: [UInt8] = []

    /// The most bytes of one line; what is longer goes into the next.
    private static let longestLine = 500

    init(_ name: String, _ arguments: [String]) throws(SystemError) {
        let pipe = try FileDescriptor.pipe()
        var request = ChildProcess.Request.davit(arguments)
        request.output = pipe.writing.number
        request.error = pipe.writing.number
        process = try ChildProcess(starting: request)
        output = try pipe.reading.duplicate()
        try output.setNonBlocking()
        recorder = Recorder(component: Component(service: name))
    }

    var pid: Int32 { process.pid }
    /// Readable when the process has ended.
    var endDescriptor: Int32 { process.descriptor }
    /// Readable when the process has said something.
    var outputDescriptor: Int32 { output.number }

    func signal(_ signal: Int32) { process.signal(signal) }

    /// How the process ended, with its last words recorded; `nil` while it runs.
    func exit() -> ChildProcess.Exit? {
        guard let exit = process.poll() else { return nil }
        drain()
        if !line.isEmpty { recordLine() }
        return exit
    }

    /// Records what has been said. Bounded, so that a service that floods does not hold up the others.
    func drain() {
        for _ in 0..<16 {
            guard case .bytes(let bytes)? = try? output.read(atMost: 4096) else { return }
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    recordLine()
                } else {
                    line.append(byte)
                    if line.count >= Self.longestLine { recordLine() }
                }
            }
        }
    }

    private func recordLine() {
        recorder.record("\(String(decoding: line, as: UTF8.self))")
        line = []
    }
}
