import ExportCore
import LinuxKit
import Recorder

/// Waits for disks that are not there yet, and exports each when it appears: `davit export --wait`.
package final class Waiter {
    /// How the waiting ended.
    package enum End: Sendable, Equatable { case complete, timedOut, ended }

    private let exporter: Exporter
    private let name: ExportName
    private let lock: LockFile
    private let recorder = Recorder(component: .export)

    private static func lockPath(_ name: ExportName) -> String {
        "\(Intent.directory)/\(name).waiting"
    }

    /// Takes the place of another process that waits for the same export.
    package init(_ exporter: Exporter, name: ExportName) throws {
        try Files.makeDirectory(Intent.directory, mode: 0o700)
        try Self.end(name)
        guard let lock = try LockFile(taking: Self.lockPath(name)) else {
            throw Turn.Taken(holder: LockFile.holder(Self.lockPath(name)))
        }
        self.lock = lock
        self.exporter = exporter
        self.name = name
    }

    deinit { try? Files.remove(Self.lockPath(name)) }

    static func isAtWork(on name: ExportName) -> Bool { LockFile.isHeld(lockPath(name)) }

    /// Ends the process that waits for this export, if there is one.
    package static func end(
        _ name: ExportName, within patience: Duration = .seconds(2)
    ) throws {
        guard let pid = LockFile.holder(lockPath(name)), pid != Host.pid,
            let process = OtherProcess(pid)
        else { return }
        try process.signal(Signal.terminate)
        if try process.waitForEnd(until: Clock.now + patience / 2) { return }
        try process.signal(Signal.kill)
        _ = try process.waitForEnd(until: Clock.now + patience / 2)
    }

    /// Exports what is there, again whenever a disk appears, until all are or `deadline` (`Clock.now`) is reached;
    /// `nil` waits for ever. What goes wrong is said once and tried again.
    /// - Parameters:
    ///   - report: called after every pass that changed something, and after the first.
    ///   - complain: called with what stands in the way, once for each reason.
    /// - Throws: what refuses the very first pass and does not go by itself.
    package func run(
        until deadline: Duration?, report: (Exporter.Result) -> Void,
        complain: (any Error) -> Void
    ) throws -> End {
        // Before the first look: what appears meanwhile is not missed.
        let devices = try UEventSocket()
        let signals = try SignalDescriptor([Signal.terminate, Signal.interrupt, Signal.hangup])
        var isFirst = true
        var setback: String?
        while true {
            do {
                let result = try exporter.apply()
                if isFirst || setback != nil || !result.steps.isEmpty { report(result) }
                isFirst = false
                setback = nil
                if result.isComplete { return .complete }
            } catch {
                guard !isFirst || Self.passes(error) else { throw error }
                let gist = Self.gist(error)
                if setback != gist { complain(error) }
                setback = gist
                Intent.note(error, name, recorder)
            }
            if let deadline, Clock.now >= deadline { return .timedOut }
            // The announcement of a disk may come before its node or its link does, and a disk that failed may do
            // better later.
            let next = Clock.now + .seconds(2)
            try wait(devices, signals, until: deadline.map { min($0, next) } ?? next)
            if signals.next() != nil { return .ended }
        }
    }

    /// Whether what stops a pass may be gone at the next one by itself; the rest is for the one who typed the command.
    private static func passes(_ error: any Error) -> Bool {
        switch error {
        case is Turn.Taken, is Exporter.Failure, Refusal.kernelHangs: true
        default: false
        }
    }

    /// The same reason is the same, whichever process it is that hangs this time.
    private static func gist(_ error: any Error) -> String {
        switch error {
        case Refusal.kernelHangs(let path, _): path
        case Exporter.Failure.step(let step, _, _): step.description
        case is Turn.Taken: "taken"
        default: "\(error)"
        }
    }

    private func wait(
        _ devices: borrowing UEventSocket, _ signals: borrowing SignalDescriptor,
        until deadline: Duration
    ) throws(SystemError) {
        while Clock.now < deadline {
            let ready = try Poll.wait(
                [.init(devices.number, .input), .init(signals.number, .input)], until: deadline)
            if ready.last?.isReadable == true { return }
            guard ready.first?.isReadable == true else { continue }
            let (events, someWereLost) = devices.take()
            if someWereLost || events.contains(where: { $0.subsystem == "block" }) { return }
        }
    }
}

extension Intent {
    /// Keeps for `status` what stops an export; the same reason is recorded once.
    static func note(_ error: any Error, _ name: ExportName, _ recorder: Recorder) {
        let reason = "\(error)"
        guard var intent = Intent(reading: name), intent.isUnfinished, intent.lastError != reason
        else { return }
        recorder.record("\(name): \(reason)", .warning)
        intent.lastError = reason
        try? intent.write()
    }
}
