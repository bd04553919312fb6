import BootCore
import JSONKit
import LinuxKit
import Recorder

/// Lets the boot go on: ends the rescue shell of the initramfs, if nobody sits at it, whose script then tries again.
package struct GoOn {
    /// What was found and done.
    package enum Outcome: Sendable, Equatable {
        case systemRuns
        /// The boot was not stopped; it goes on, or waits for what `BootStage` says.
        case neverStopped(BootStage)
        /// Exports hold disks that the boot may need.
        case exported([String])
        case inUse(pid: Int32, RescueShell.Use)
        /// The shell was ended, and this is where the boot was when it changed no more or the time was over.
        case wentOn(BootStage)
        /// The initramfs gave up again.
        case stoppedAgain(missing: String?)
        /// The command was itself typed in that shell, which ends now.
        case ownShell
    }

    /// How long a boot that goes on may take to come to a stand.
    private let patience: Duration
    private let say: (String) -> Void
    private let recorder = Recorder(component: .boot)

    package init(patience: Duration, say: @escaping (String) -> Void) {
        self.patience = patience
        self.say = say
    }

    package func callAsFunction() throws(SystemError) -> Outcome {
        let stage = BootStage.now
        guard stage != .system else { return .systemRuns }
        // Looked at again once it is held: what is held keeps its number.
        guard stage == .rescueShell, let found = Self.shell, let process = OtherProcess(found.pid),
            ProcessTable.entry(found.pid) == found
        else { return .neverStopped(stage) }
        let exports = Status().exportNames
        guard exports.isEmpty else { return .exported(exports) }

        let isOurs = Self.isAncestor(found.pid)
        if !isOurs {
            let age = Clock.now - (ProcessTable.beginning(of: found.pid) ?? .zero)
            if age < RescueShell.settled {
                say("The rescue shell is only just there; looking whether somebody types in it.")
                let settledAt = Clock.now + RescueShell.settled - age
                guard try !process.waitForEnd(until: settledAt) else {
                    return .neverStopped(BootStage.now)
                }
            }
        }
        let use = Self.look(at: found.pid).use(at: Clock.wall)
        guard isOurs || use == .none else { return .inUse(pid: found.pid, use) }
        recorder.record(
            "ends the rescue shell, process \(found.pid): the boot goes on", .notice,
            Event(.shell, .number(Int(found.pid)), .killed))
        say("The rescue shell on the console (process \(found.pid)) is ended; the boot goes on.")
        // SIGTERM means nothing to an interactive shell.
        try process.signal(Signal.hangup)
        guard !isOurs else { return .ownShell }
        _ = try process.waitForEnd(until: Clock.now + .seconds(5))
        return try watch()
    }

    private static var shell: ProcessTable.Entry? {
        BootStage.rescueShell(
            ProcessTable.running(BootStage.shellNames), environment: ProcessTable.environment)
    }

    private static func look(at pid: Int32) -> RescueShell {
        let began = ProcessTable.beginning(of: pid) ?? .zero
        return RescueShell(
            pid: pid, began: Clock.wall - (Clock.now - began),
            lastTyped: (try? FileStatus(of: "\(Roots.proc)/\(pid)/fd/0"))?.lastRead,
            programs: ProcessTable.all.filter { ProcessTable.parent(of: $0.pid) == pid }
                .map(\.program))
    }

    private static func isAncestor(_ pid: Int32) -> Bool {
        var process = Host.pid
        while process > 1, let parent = ProcessTable.parent(of: process) {
            if parent == pid { return true }
            process = parent
        }
        return false
    }

    /// Says each change until the boot waits for a person, has given up again, or the time is over.
    private func watch() throws(SystemError) -> Outcome {
        let deadline = Clock.now + patience
        var told: BootStage?
        while true {
            let stage = BootStage.now
            switch stage {
            case .system, .passphrase, .heldPrompt: return .wentOn(stage)
            case .rescueShell:
                return .stoppedAgain(missing: BootStage.missingRoot)
            case .opening, .checking, .rootDevice, .initramfs: break
            }
            if stage != told {
                say("\(Clock.now.inSeconds)  \(stage.words)")
                told = stage
            }
            guard Clock.now < deadline else { return .wentOn(stage) }
            // Nothing announces what the processes of an initramfs do.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(300))
        }
    }
}

extension GoOn {
    /// After a disk that came late: ends the rescue shell that the initramfs has started meanwhile, if nobody sits at it,
    /// so that the boot goes on without anybody at the console.
    package static func afterUnlocking(say: @escaping (String) -> Void) {
        guard BootStage.now == .rescueShell else { return }
        guard case .inUse(let pid, _)? = try? GoOn(patience: .zero, say: say)() else { return }
        say(
            "Somebody uses the rescue shell on the console (process \(pid)); the boot goes on when it ends."
        )
    }
}
