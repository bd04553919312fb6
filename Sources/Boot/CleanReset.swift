import BootCore
import CryptKit
import LinuxKit
import Recorder

/// Stops, unmounts, closes and writes out everything in order, says each step, and resets the machine.
package struct CleanReset {
    package enum Failure: Error, CustomStringConvertible {
        case systemRuns
        case repairRuns(Int)
        case checkerRuns(device: String)
        case exportsStay
        case busy(point: String, users: [String], reason: String)
        case hangs(String)

        package var description: String {
            let hard = "'davit reboot --now' resets all the same, and loses what is not written."
            return switch self {
            case .systemRuns:
                "The system runs here; 'davit reboot' is for the initramfs. Use the system's own, such as 'systemctl reboot'."
            case .repairRuns(let id):
                "Repair \(id) runs. End it with 'davit repair cancel \(id)', or wait for it; 'davit repair watch \(id)' shows how far it is."
            case .checkerRuns(let device):
                "A checker of the initramfs runs on \(device). Wait for its end: 'davit status'. \(hard)"
            case .exportsStay:
                "Not everything that is exported could be taken back; the lines above say why. \(hard)"
            case .busy(let point, let users, let reason):
                "Cannot unmount \(point), nor make it read-only: \(reason). "
                    + (users.isEmpty
                        ? "No process shows itself as its user. "
                        : "In use by \(users.joined(separator: ", ")); end these and run it again. ")
                    + hard
            case .hangs(let step): "To \(step) hangs in the kernel. \(hard)"
            }
        }
    }

    /// How long one step may take, or a disk may take nothing more, before it counts as hanging.
    private static let patience = Duration.seconds(30)

    private let say: (String) -> Void
    private let recorder = Recorder(component: .reboot)

    package init(say: @escaping (String) -> Void) { self.say = say }

    /// Everything up to the reset itself. Each step is a child process: what hangs in the kernel cannot hold up the rest.
    package func prepare() throws {
        guard Host.isInitramfs else { throw Failure.systemRuns }
        if case .checking(let device) = BootStage.now {
            throw Failure.checkerRuns(device: device)
        }
        for id in Files.names(in: Roots.run + "/repair").compactMap({ Int($0) })
        where LockFile.isHeld("\(Roots.run)/repair/\(id)/lock") {
            throw Failure.repairRuns(id)
        }
        recorder.record(
            "was asked to stop everything and reset", .notice, Event(.reset, nil, .begun))
        guard try isDone("stop the exports", ["export", "stop", "--all"], .seconds(120)) else {
            throw Failure.exportsStay
        }
        let plan = ResetPlan.now
        for point in plan.unmounts { try unmount(point) }
        for name in plan.closings {
            let isClosed = try isDone("close \(name)", ["reboot", "--step", "close", name])
            say(isClosed ? "Closed \(name)." : "\(name) stays open: something uses it.")
        }
        _ = try isDone("write everything out", ["reboot", "--step", "sync"], isWriting: true)
        say("Everything is written out.")
    }

    /// Resets in a process of its own that outlives this session, so that the client gets its answer first.
    package func resetSoon() throws(SystemError) {
        let speakers = [Host.pid, Self.session].compactMap { $0 }.map { "\($0)" }
        var request = ChildProcess.Request.davit(["reboot", "--step", "reset"] + speakers)
        request.newSession = true
        request.diesWithParent = false
        var process = try ChildProcess(starting: request)
        process.detach()
        say("Resetting now.")
    }

    /// The SSH session that this is the command of: it ends when the client has had the last words. `nil` where a shell is
    /// in between, which goes on.
    private static var session: Int32? {
        ProcessTable.parent(of: Host.pid).flatMap { ProcessTable.entry($0) }.flatMap {
            $0.arguments.prefix(2) == ["davit", "session"] ? $0.pid : nil
        }
    }

    private func unmount(_ point: String) throws {
        if try isDone("unmount \(point)", ["reboot", "--step", "unmount", point], isWriting: true) {
            say("Unmounted \(point).")
        } else if try isDone(
            "make \(point) read-only", ["reboot", "--step", "read-only", point], isWriting: true)
        {
            say("\(point) is in use; it was written out and made read-only.")
        } else {
            let users = ProcessTable.users(of: point).map(\.words)
            throw Failure.busy(point: point, users: users, reason: "it is busy")
        }
    }

    /// - Parameter isWriting: whether it may take as long as it likes while bytes go to the disks: gigabytes that wait for
    ///   a slow disk are no hang, and would be lost with a reset.
    /// - Returns: whether the child ended with 0.
    private func isDone(
        _ step: String, _ arguments: [String], _ patience: Duration = Self.patience,
        isWriting: Bool = false
    ) throws -> Bool {
        var request = ChildProcess.Request.davit(arguments)
        (request.output, request.error) = (1, 2)
        var child = try ChildProcess(starting: request)
        var written = DiskTraffic.written
        var exit = try child.wait(until: Clock.now + patience)
        while isWriting, exit == nil, DiskTraffic.written > written {
            say("To \(step) takes long; \(DiskTraffic.waiting >> 20) MiB wait for their disk.")
            written = DiskTraffic.written
            exit = try child.wait(until: Clock.now + patience)
        }
        guard let exit else {
            child.abandon()
            recorder.record("to \(step) hangs", .warning, Event(.reset, nil, .failed))
            throw Failure.hangs(step)
        }
        recorder.record("\(step): \(exit)", .detail, Event(.reset, code: exit.number))
        return exit == .code(0)
    }
}

extension CleanReset {
    /// One step, carried out by a process of its own.
    package enum Step: Sendable {
        case unmount(String)
        case makeReadOnly(String)
        case close(String)
        case sync
        /// Once the processes that say the last words have ended.
        case reset(after: [Int32])

        /// - Returns: whether it could be done.
        package func perform() throws(SystemError) -> Bool {
            guard Host.isInitramfs else { return false }
            switch self {
            case .unmount(let point):
                do throws(SystemError) {
                    try Mounts.unmount(point)
                    return true
                } catch {
                    guard error.isBusy else { throw error }
                    return false
                }
            case .makeReadOnly(let point): try Mounts.makeReadOnly(point)
            case .close(let name): return DeviceMapper.remove(name)
            case .sync: Mounts.writeOut()
            case .reset(let speakers):
                let deadline = Clock.now + Self.farewell
                for process in speakers {
                    guard let process = OtherProcess(process) else { continue }
                    _ = try process.waitForEnd(until: deadline)
                }
                _ = try? Supervisor.stop()
                KernelLog.write("reboot: resets the machine", priority: 5)
                try MachineReset.orderly()
            }
            return true
        }

        /// As long as a client may take to fetch the last words and go.
        private static let farewell = Duration.seconds(10)
    }

    /// Resets at once; nothing is stopped or written.
    package static func now() throws {
        guard Host.isInitramfs else { throw Failure.systemRuns }
        KernelLog.write("reboot --now: resets the machine as it is", priority: 4)
        do throws(SystemError) {
            try MachineReset.immediate()
        } catch {
            // A kernel without sysrq: reboot(2) is what is left.
            Recorder(component: .reboot).record(
                "\(error)", .detail, Event(.reset, nil, .failed, code: error.code))
        }
        try MachineReset.orderly()
    }
}

extension ResetPlan {
    /// For this machine as it is.
    fileprivate static var now: ResetPlan {
        let mappings = BlockNode.all().compactMap { node in
            node.mapperName.map { Mapping(name: $0, device: node.name, holders: node.holders) }
        }
        let mounts = MountTable.all.map {
            Mount(point: $0.point, source: $0.source, type: $0.type)
        }
        return ResetPlan(mounts: mounts, mappings: mappings)
    }
}
