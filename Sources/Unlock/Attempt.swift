import LinuxKit
import CryptKit
import Recorder
import UnlockCore

/// Carries out one attempt: one passphrase, several devices. Drives `AttemptMachine` with workers, the kernel's
/// events and a clock.
final class Attempt {
    /// What an attempt came to.
    struct Result {
        var outcomes: [String: AttemptMachine.Outcome] = [:]
        /// The signal that ended it early.
        var signal: Int32?
    }

    private let items: [UnlockItem]
    private let onlyTest: Bool
    private let isKeyFile: Bool
    private let askpass: Askpass
    private let recorder: Recorder
    private let words: (String) -> Void
    private var machine: AttemptMachine
    private var workers: [RunningWorker] = []
    private var result = Result()
    private var isOver = false
    private var nextWords: Duration

    /// - Parameters:
    ///   - cryptroots: what Debian's cryptroot asks for and is locked, in its order.
    ///   - isKeyFile: whether the secret is the content of a key file.
    ///   - words: gets a sentence whenever there is something to tell.
    init(
        items: [UnlockItem], cryptroots: [String], onlyTest: Bool, isKeyFile: Bool,
        workerLimit: Duration, askpass: Askpass = Askpass(), recorder: Recorder,
        words: @escaping (String) -> Void
    ) {
        self.items = items
        self.onlyTest = onlyTest
        self.isKeyFile = isKeyFile
        self.askpass = askpass
        self.recorder = recorder
        self.words = words
        machine = AttemptMachine(
            devices: items.map {
                .init(
                    name: $0.name, costKiB: $0.costliest?.memoryKiB ?? 0,
                    tries: $0.target.entry.options.tries, reopens: $0.reopens)
            },
            cryptroots: cryptroots,
            plan: WorkerPlan(
                availableKiB: Int(clamping: (Memory.available ?? 0) / 1024),
                processors: Host.processors),
            onlyTest: onlyTest, workerLimit: workerLimit)
        nextWords = Clock.now + .seconds(3)
    }

    /// Tries `secret` until every device is settled or one of `signals` comes; `nil`, for an attempt that only frees
    /// cryptroot from prompts for what is open.
    func run(
        _ secret: borrowing SharedSecret?, signals: borrowing SignalDescriptor
    ) throws(SystemError) -> Result {
        let events = DeviceNews()
        perform(machine.handle(.began(observe()), at: Clock.now), secret)
        while !isOver {
            let tick = Clock.now + .milliseconds(workers.isEmpty ? 200 : 500)
            let interests =
                [.init(signals.number, .input), .init(events.number, .input)]
                + workers.map { Poll.Interest($0.descriptor, .input) }
            let ready = try Poll.wait(
                interests, until: [machine.deadline, tick].compactMap { $0 }.min())
            if let signal = signals.next() {
                result.signal = signal
                for worker in workers { worker.end() }
                workers = []
                leave()
                break
            }
            if ready.count > 1, ready[1].isReadable { events.drain() }
            perform(machine.handle(.observed(observe()), at: Clock.now), secret)
            collect(secret)
            perform(machine.handle(.timeReached, at: Clock.now), secret)
            sayProgress()
        }
        return result
    }

    /// What nobody tries any more is locked again.
    private func leave() {
        for item in items where result.outcomes[item.name] == nil {
            StateFile.update(item, .init(word: item.word))
        }
    }

    private func observe() -> AttemptMachine.Observation {
        Surroundings.observe(askpass: askpass, items)
    }

    private func collect(_ secret: borrowing SharedSecret?) {
        for worker in workers {
            guard let finding = worker.finding() else { continue }
            workers.removeAll { $0 === worker }
            // What was opened meanwhile must be known before the finding is judged.
            perform(machine.handle(.observed(observe()), at: Clock.now), secret)
            perform(
                machine.handle(.finished(name: worker.name, finding), at: Clock.now), secret)
        }
    }

    private func perform(
        _ effects: [AttemptMachine.Effect], _ secret: borrowing SharedSecret?
    ) {
        for effect in effects {
            switch effect {
            case .test(let name): start(name, opens: false, secret)
            case .open(let name): start(name, opens: true, secret)
            case .abandon(let name): workers.removeAll { $0.name == name }
            case .feed(let asking): feed(asking, secret)
            case .release(let asking): release(asking)
            case .closeAndFeed(let asking):
                recorder.record("closing \(asking.name), for cryptroot asks for it for ever")
                if DeviceMapper.remove(asking.name) {
                    feed(asking, secret)
                } else {
                    perform(
                        machine.handle(.staysOpen(name: asking.name), at: Clock.now), secret)
                }
            case .settled(let name, let outcome): settle(name, outcome)
            case .end: isOver = true
            }
        }
    }

    private func start(_ name: String, opens: Bool, _ secret: borrowing SharedSecret?) {
        guard let item = items.first(where: { $0.name == name }), let device = item.device else {
            let gone = AttemptMachine.Finding.failed("Its device is not there now.")
            return perform(machine.handle(.finished(name: name, gone), at: Clock.now), secret)
        }
        let options = item.target.entry.options
        var request = WorkerRequest(device: device)
        request.name = opens ? name : nil
        request.header = item.header
        request.kind = WorkerRequest.Kind(options.format) ?? .luks
        request.tcrypt = options.tcrypt
        request.keyslot = options.keyslot
        (request.keyOffset, request.keySize) = item.target.keyPart(isKeyFile: isKeyFile)
        request.flags = options.flags
        if !onlyTest, DeviceMapper.isHalfMade(name) { clearAway(name) }
        recorder.record(
            "deriving the key of \(name) (\(device))", .detail,
            Event(.unlocking, .mapping(name), .begun))
        StateFile.update(item, .init(word: "trying", isTry: true))
        do throws(SystemError) {
            workers.append(try worker(name, request, secret))
        } catch {
            let finding = AttemptMachine.Finding.failed(error.description)
            perform(machine.handle(.finished(name: name, finding), at: Clock.now), secret)
        }
    }

    private func worker(
        _ name: String, _ request: WorkerRequest, _ secret: borrowing SharedSecret?
    ) throws(SystemError) -> RunningWorker {
        switch secret {
        case .some(let secret): return try RunningWorker(name: name, request, secret: secret)
        case .none: throw SystemError("try", name, code: 22)
        }
    }

    /// A mapping without a table blocks its name, for cryptroot as well. It may be one that is being made this moment, so it gets a second.
    private func clearAway(_ name: String) {
        let deadline = Clock.now + .seconds(1)
        while DeviceMapper.isHalfMade(name) {
            guard Clock.now < deadline else {
                recorder.record("removing the mapping \(name), which has no table", .notice)
                _ = DeviceMapper.remove(name)
                return
            }
            _ = try? Poll.wait([], until: Clock.now + .milliseconds(50))
        }
    }

    private func feed(_ asking: AttemptMachine.Asking, _ secret: borrowing SharedSecret?) {
        let who = asking.socket == nil ? "cryptroot" : "systemd"
        recorder.record("handing the passphrase of \(asking.name) to \(who)")
        words("\(asking.name): the passphrase is right; handing it to the boot scripts.")
        do throws(SystemError) {
            switch secret {
            case .some(let secret):
                try secret.withBytes { bytes throws(SystemError) in
                    if let socket = asking.socket {
                        try SystemdPrompts().answer(socket, bytes)
                    } else {
                        try askpass.write(bytes, to: asking)
                    }
                }
            case .none: break
            }
        } catch {
            // The machine sees the prompt still there, or the mapping missing, and opens it without them.
            recorder.record("\(asking.name): \(error)")
        }
    }

    private func release(_ asking: AttemptMachine.Asking) {
        recorder.record("\(asking.name) is open; releasing the prompt of process \(asking.pid)")
        do throws(SystemError) {
            try askpass.release(asking)
        } catch {
            recorder.record("\(asking.name): \(error)")
        }
    }

    private func settle(_ name: String, _ outcome: AttemptMachine.Outcome) {
        result.outcomes[name] = outcome
        guard let item = items.first(where: { $0.name == name }) else { return }
        switch outcome {
        case .opened: record(item, "open", "opened", .init(word: "open", opener: .davit))
        case .openedByCryptroot:
            record(
                item, "open", "opened by the boot scripts", .init(word: "open", opener: .cryptroot))
        case .openedBySystemd:
            record(item, "open", "opened by systemd", .init(word: "open", opener: .systemd))
        case .openedElsewhere:
            record(item, "open", "opened elsewhere", .init(word: "open", opener: .other))
        case .proven: record(item, nil, "passphrase proven", .init())
        case .wrong:
            let error = "No key slot opens with the passphrase that was tried."
            record(item, "locked", "wrong passphrase", .init(word: "locked", error: error))
        case .failed(let reason):
            record(item, "failed", reason, .init(word: "failed", error: reason))
        }
    }

    private func record(
        _ item: UnlockItem, _ state: String?, _ sentence: String, _ change: StateFile.Change
    ) {
        StateFile.update(item, change)
        let outcome: Event.Outcome =
            switch state {
            case "locked": .refused
            case "failed": .failed
            default: .done
            }
        recorder.record(
            "\(item.name): \(sentence)", state == "locked" ? .detail : .notice,
            Event(.unlocking, .mapping(item.name), outcome))
    }

    private func sayProgress() {
        let now = Clock.now
        guard now >= nextWords else { return }
        nextWords = now + .seconds(10)
        for (name, since) in machine.deriving {
            let remark = items.first { $0.name == name }?.remark ?? ""
            let how = remark.isEmpty ? "" : " (\(remark))"
            words("\(name): deriving its key\(how), for \((now - since).inWords) so far.")
        }
    }
}
