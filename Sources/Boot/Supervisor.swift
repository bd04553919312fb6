import BootCore
import JSONKit
import LinuxKit
import Recorder

/// Runs davit's services until it is told to stop; the driver of `SupervisorMachine`.
///
/// Writes `$DAVIT_RUN/supervise.json`: `{pid, since, services: [{name, pid, state, since, starts, failures,
/// nextStartAt, lastEnd}]}`, times in milliseconds since boot.
package final class Supervisor {
    /// A service: its name, and the command line of davit that is it.
    package struct Service: Sendable {
        package let name: String
        package let arguments: [String]
        package init(_ name: String, _ arguments: [String]) {
            self.name = name
            self.arguments = arguments
        }
    }

    package enum Failure: Error, CustomStringConvertible {
        case alreadyRunning(pid: Int32?)

        package var description: String {
            switch self {
            case .alreadyRunning(let pid):
                let holder = pid.map { "process \($0)" } ?? "another process"
                return "The supervisor runs already (\(holder)). 'davit supervise --stop' ends it."
            }
        }
    }

    /// Held by the one supervisor of this machine.
    static var lockPath: String { Roots.run + "/supervise.lock" }
    /// There from `stop` on; the boot script that starts a supervisor again for ever ends by it.
    package static var stoppedPath: String { Roots.run + "/stopped" }
    /// What was recorded, as text, from the end of the last supervisor on.
    private static let textName = "log"
    static var statePath: String { Roots.run + "/supervise.json" }

    /// Above what a shell's keeper gives the shell.
    private static let patienceForShells = Duration.milliseconds(1300)

    private let services: [Service]
    /// Of `$DAVIT_RUN`. The path leads elsewhere once the system has taken over: /run is moved with its mount, and a
    /// process that nobody told to change its root keeps the one without it.
    private let directory: FileDescriptor
    private let lock: LockFile
    private let signals: SignalDescriptor
    private let devices: UEventSocket
    private let recorder = Recorder(component: .supervise)
    private var machine: SupervisorMachine
    private var random = UrgentRandom()
    private var running: [String: ServiceProcess] = [:]
    private var lastEnd: [String: String] = [:]
    private let since = Clock.now
    private var isFinished = false
    /// The state could not be written down, for /run has no room: it is tried again.
    private var isBehind = false
    /// In the initramfs: its end may come without a word, where no boot script says `stop`.
    private let firstProcess: FirstProcess?
    /// How often the first process is looked at; nothing announces a change of its root directory.
    private static let lookInterval = Duration.seconds(1)

    /// - Parameter untilHandOver: ends at once when `stop` was called, even before this began.
    /// - Throws: `Failure.alreadyRunning`; `SystemError` when $DAVIT_RUN cannot be written.
    package init(_ services: [Service], untilHandOver: Bool = false) throws {
        try Files.makeDirectory(Roots.run)
        directory = try FileDescriptor(openingDirectory: Roots.run)
        guard let lock = try LockFile(taking: Self.lockPath) else {
            throw Failure.alreadyRunning(pid: LockFile.holder(Self.lockPath))
        }
        self.lock = lock
        // After the lock: who stops sees either the lock's holder or is seen by it.
        if untilHandOver {
            isFinished = Files.exists(Self.stoppedPath)
        } else {
            try Files.remove(Self.stoppedPath)
        }
        self.services = services
        signals = try SignalDescriptor([Signal.terminate, Signal.interrupt, Signal.hangup])
        devices = try UEventSocket()
        firstProcess = Host.isInitramfs ? try? FirstProcess() : nil
        machine = SupervisorMachine(services.map { $0.name })
    }

    /// Returns when everything has been stopped.
    package func run() throws(SystemError) {
        recorder.record("started as process \(Host.pid)", .detail, Event(.started))
        if !isFinished { perform(.begin) }
        while !isFinished {
            try waitOnce()
        }
        recorder.record("stopped", .detail, Event(.ended, took: Clock.now - since))
        try directory.enter()
        // Nothing of the initramfs outlives it.
        KeptShells.end(in: ".", by: Clock.now + Self.patienceForShells)
        // The system that takes over may have no davit to read the recorder with.
        if let text = Recording.text(of: ".") {
            try? Files.replace(Self.textName, with: text, mode: 0o640)
        }
    }

    private func waitOnce() throws(SystemError) {
        let processes = Array(running)
        var interests = [Poll.Interest(signals.number, .input), .init(devices.number, .input)]
        for (_, process) in processes {
            interests.append(.init(process.endDescriptor, .input))
            interests.append(.init(process.outputDescriptor, .input))
        }
        let look = firstProcess == nil && !isBehind ? nil : Clock.now + Self.lookInterval
        let deadlines = [machine.deadline, look].compactMap { $0 }
        let ready = try Poll.wait(interests, until: deadlines.min())

        for (index, (name, process)) in processes.enumerated() {
            // A pipe whose writers are gone stays readable; the end of the process is what is acted upon.
            if ready[3 + 2 * index].contains(.input) { process.drain() }
            if ready[2 + 2 * index].isReadable { reap(name, process) }
        }
        if ready[0].isReadable { while signals.next() != nil { perform(.stopRequested) } }
        if ready[1].isReadable, somethingCame() { perform(.worldChanged) }
        if let deadline = machine.deadline, Clock.now >= deadline { perform(.timeReached) }
        if systemTookOver { perform(.stopRequested) }
        if isBehind { publish() }
    }

    private var systemTookOver: Bool {
        switch firstProcess {
        case .some(let first): first.hasMovedOn
        case .none: false
        }
    }

    /// Whether a disk or a network interface is among the devices that were announced.
    private func somethingCame() -> Bool {
        let taken = devices.take()
        return taken.someWereLost
            || taken.events.contains {
                $0.action != "remove" && ["block", "net"].contains($0.subsystem)
            }
    }

    private func reap(_ name: String, _ process: ServiceProcess) {
        guard let exit = process.exit() else { return }
        running[name] = nil
        ended(name, "\(exit)", code: exit.number)
    }

    private func ended(_ name: String, _ reason: String, code: Int32) {
        lastEnd[name] = reason
        perform(.ended(name))
        let service = machine.services.first { $0.name == name }
        guard let service, case .pausing(let until) = service.state else { return }
        let pause = max(.zero, until - Clock.now).inWords
        // The first few failures reach the console; a service that never comes up must not flood it.
        let importance: Recorder.Importance = service.failures <= 3 ? .warning : .detail
        recorder.record(
            "\(name) ended with \(reason); it is started again in \(pause)", importance,
            Event(.ended, .named(name), .failed, code: code))
    }

    private func perform(_ event: SupervisorMachine.Event) {
        for effect in machine.handle(event, at: Clock.now, using: &random) {
            switch effect {
            case .start(let name): start(name)
            case .terminate(let name): running[name]?.signal(Signal.terminate)
            case .kill(let name):
                recorder.record(
                    "\(name) did not end when asked and is killed", .warning,
                    Event(.ended, .named(name), .killed))
                running[name]?.signal(Signal.kill)
            case .finish: isFinished = true
            }
        }
        publish()
    }

    private func start(_ name: String) {
        guard let service = services.first(where: { $0.name == name }) else { return }
        do throws(SystemError) {
            let process = try ServiceProcess(name, service.arguments)
            running[name] = process
            recorder.record(
                "\(name) runs as process \(process.pid)", .detail,
                Event(.started, .named(name), .done, code: process.pid))
        } catch {
            ended(name, "\(error)", code: error.code)
        }
    }

    private func publish() {
        let state: JSON = [
            "pid": .number(Int(Host.pid)),
            "since": JSON(since.milliseconds),
            "services": .array(machine.services.map(describe)),
        ]
        isBehind = (try? Files.replace(Self.statePath, with: state.pretty + "\n")) == nil
    }

    private func describe(_ service: SupervisorMachine.Report) -> JSON {
        let (state, next): (String, Duration?) =
            switch service.state {
            case .running: ("running", nil)
            case .pausing(let until): ("pausing", until)
            case .ending: ("ending", nil)
            case .ended: ("ended", nil)
            }
        return [
            "name": .string(service.name),
            "pid": JSON(running[service.name]?.pid),
            "state": .string(state),
            "since": JSON(service.since.milliseconds),
            "starts": .number(service.starts),
            "failures": .number(service.failures),
            "nextStartAt": JSON(next?.milliseconds),
            "lastEnd": JSON(lastEnd[service.name]),
        ]
    }
}

extension Supervisor {
    /// What `stop` found and did.
    package enum Stop: Sendable, Equatable {
        case neverRan
        case stopped(after: Duration)
        case killed(after: Duration)
    }

    /// Ends the running supervisor and its services, and waits for it; after `patience` it is killed, and its services
    /// with it (they die with their parent).
    ///
    /// A supervisor that is only being started finds `stoppedPath` and ends again: a boot may be faster than it.
    package static func stop(patience: Duration = .seconds(6)) throws(SystemError) -> Stop {
        try? Files.makeDirectory(Roots.run)
        try? Files.replace(stoppedPath, with: "")
        guard let pid = LockFile.holder(lockPath), let process = OtherProcess(pid) else {
            return .neverRan
        }
        let begun = Clock.now
        try process.signal(Signal.terminate)
        if try process.waitForEnd(until: begun + patience) {
            return .stopped(after: Clock.now - begun)
        }
        try process.signal(Signal.kill)
        _ = try process.waitForEnd(until: Clock.now + .seconds(1))
        return .killed(after: Clock.now - begun)
    }
}
