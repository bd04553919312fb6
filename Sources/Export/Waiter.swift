import ExportCore
import LinuxKit

/// Waits for disks that are not there yet, and exports each when it appears: `davit export --wait`.
package final class Waiter {
    /// How the waiting ended.
    package enum End: Sendable, Equatable { case complete, timedOut, ended }

    private let exporter: Exporter
    private let name: ExportName
    private let lock: LockFile

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

    static func isAtWork(on name: ExportName) -> Bool { LockFile.holder(lockPath(name)) != nil }

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
    /// `nil` waits for ever.
    /// - Parameter report: called after every pass that changed something, and after the first.
    package func run(
        until deadline: Duration?, report: (Exporter.Result) -> Void
    ) throws -> End {
        // Before the first look: what appears meanwhile is not missed.
        let devices = try UEventSocket()
        let signals = try SignalDescriptor([Signal.terminate, Signal.interrupt, Signal.hangup])
        var isFirst = true
        while true {
            let result = try exporter.apply()
            if isFirst || !result.steps.isEmpty { report(result) }
            isFirst = false
            if result.isComplete { return .complete }
            if let deadline, Clock.now >= deadline { return .timedOut }
            // The announcement of a disk may come before its node or its link does, and a disk that failed may do
            // better later.
            let next = Clock.now + .seconds(2)
            try wait(devices, signals, until: deadline.map { min($0, next) } ?? next)
            if signals.next() != nil { return .ended }
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
