import ExportCore
import LinuxKit
import Recorder

/// Goes on with exports that are wanted and not whole, for ever: after a run that was killed or whose session broke, and
/// while disks are missing. The supervisor runs it as `davit export resume`.
package final class Resumer {
    /// When an export is tried next, and after which pause then.
    private struct Try {
        var at: Duration
        var pause: Duration
    }

    private static let firstPause = Duration.seconds(2)
    private static let longestPause = Duration.seconds(60)
    /// As often it is looked whether there is something to do: a run that is killed announces nothing.
    private static let watch = Duration.seconds(5)

    private let devices: UEventSocket
    private let signals: SignalDescriptor
    private let recorder = Recorder(component: .export)
    private var tries: [ExportName: Try] = [:]

    package init() throws(SystemError) {
        devices = try UEventSocket()
        signals = try SignalDescriptor([Signal.terminate, Signal.interrupt, Signal.hangup])
    }

    /// Returns when it is told to end.
    package func run() throws(SystemError) {
        while true {
            lookAtAll()
            let next = tries.values.map(\.at).min() ?? Clock.now + Self.watch
            let deadline = min(next, Clock.now + Self.watch)
            let ready = try Poll.wait(
                [.init(devices.number, .input), .init(signals.number, .input)], until: deadline)
            if ready.last?.isReadable == true { return }
            guard ready.first?.isReadable == true else { continue }
            let (events, someWereLost) = devices.take()
            guard someWereLost || events.contains(where: { $0.subsystem == "block" }) else {
                continue
            }
            // What was missing may be what has come.
            for name in tries.keys {
                tries[name] = Try(at: Clock.now, pause: Self.firstPause)
            }
        }
    }

    private func lookAtAll() {
        let wanted = Intent.names.filter { name in
            Intent(reading: name)?.isUnfinished == true && !Waiter.isAtWork(on: name)
        }
        tries = tries.filter { wanted.contains($0.key) }
        for name in wanted {
            // A run that is under way gets the time to end by itself.
            let current =
                tries[name] ?? Try(at: Clock.now + Self.firstPause, pause: Self.firstPause)
            tries[name] = current
            guard Clock.now >= current.at else { continue }
            let pause = min(current.pause * 2, Self.longestPause)
            tries[name] = Try(at: Clock.now + current.pause, pause: pause)
            resume(name)
        }
    }

    private func resume(_ name: ExportName) {
        do {
            guard let result = try Exporter.resume(name), !result.steps.isEmpty else { return }
            let here = result.intent.disks.filter { $0.state == .exported }.count
            recorder.record(
                "\(name): went on with it; \(here) of \(result.intent.disks.count) disks are exported",
                .notice)
        } catch {
            Intent.note(error, name, recorder)
        }
    }
}

extension Intent {
    /// Whether it is wanted, and not all of it is there.
    var isUnfinished: Bool {
        switch state {
        case .applying, .waiting, .incomplete: true
        case .exported, .stopping, .committing: false
        }
    }

    /// The command line that it came from, as far as it matters.
    var request: Exporter.Request {
        var request = Exporter.Request(devices: disks.map(\.device), name: name)
        request.fileSystem = fileSystem
        request.listen = portals
        request.initiators = initiators
        request.isReadOnly = isReadOnly
        request.overlay = overlay
        request.authenticates = authenticates
        request.mayBeLate = true
        return request
    }
}

extension Exporter {
    /// One pass over an export that is wanted already; `nil` when it is not any more.
    static func resume(_ name: ExportName) throws -> Result? {
        // Under the lock, so that a stop that was faster stays one.
        try Turn.run {
            guard let intent = Intent(reading: name), intent.isUnfinished else { return nil }
            return try Exporter(intent.request).pass()
        }
    }
}
