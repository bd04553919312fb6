import LinuxKit
import UnlockCore

/// The form for a person at a terminal: asks until everything is open, as often as it takes.
///
/// Devices that come late, and those that somebody opens at the console, are noticed while the prompt stands. A
/// passphrase that opened something is kept, locked in memory, for the devices that are still missing.
package struct UnlockDialogue {
    private var run: UnlockRun
    private let emptyLineMeansShell: Bool
    private let keyboard: Keyboard
    private let terminal: Int32 = 0

    /// - Parameter emptyLineMeansShell: Enter at an empty line ends with `.shellWanted`.
    package init(_ run: UnlockRun, on keyboard: Keyboard, emptyLineMeansShell: Bool = false) {
        self.run = run
        self.run.isPatient = true
        self.keyboard = keyboard
        self.emptyLineMeansShell = emptyLineMeansShell
    }

    /// Whether somebody can be asked: standard input is a terminal.
    package static var isPossible: Bool { HiddenInput.isTerminal(0) }

    /// - Throws: when standard input is no terminal, or the kernel gives no memory for a secret.
    package func callAsFunction() throws(SystemError) -> UnlockRun.Ending {
        let signals = try SignalDescriptor([Signal.interrupt, Signal.terminate, Signal.hangup])
        let events = DeviceNews()
        let mode = try HiddenInput(on: terminal)
        defer { withExtendedLifetime(mode) {} }
        var prompt = try PassphrasePrompt()
        var kept: SharedSecret?
        var tried: Set<String> = []
        var told: Set<String> = []
        var reminders = Reminders()
        var answered: Set<String> = []
        var opened: [String] = []
        var hasOpenedSomething = true

        while true {
            let inventory = run.take()
            guard inventory.unknown.isEmpty else { return .unknown(inventory.unknown) }
            let others = run.onlyTest ? [] : SystemdPrompts().others(than: inventory.items)
            guard !inventory.items.isEmpty || !others.isEmpty else { return .nothing }
            introduce(inventory, &told)
            remind(of: inventory.items.filter { $0.isMissing }, &reminders)
            let locked = lockedOnes(inventory)
            let missing = inventory.items.filter { $0.isMissing }
            // One that went away in the middle is tried when it is back; but for that a passphrase that has opened
            // nothing is forgotten at once.
            tried.subtract(missing.map { $0.name })
            if !hasOpenedSomething, missing.isEmpty { kept = nil }
            hasOpenedSomething = true
            if locked.isEmpty, missing.isEmpty, others.isEmpty {
                if !run.onlyTest {
                    _ = try run.releasePrompts(inventory, signals: signals, words: Output.error)
                }
                return Self.ending(inventory)
            }

            let fresh = locked.filter { !tried.contains($0.name) }
            if kept != nil, !fresh.isEmpty {
                let result = try run.attempt(
                    fresh, of: inventory, kept, signals: signals, words: Output.error)
                var isAccepted = false
                for item in fresh {
                    tried.insert(item.name)
                    guard let outcome = result.outcomes[item.name] else { continue }
                    told.insert(item.name)
                    UnlockOnce.tell(item.name, outcome)
                    if outcome.isOpen { opened.append(item.name) }
                    if outcome.isOpen || outcome == .proven { isAccepted = true }
                }
                if result.signal != nil { return .givenUp(opened: opened) }
                if run.onlyTest, isAccepted, locked.allSatisfy({ isProven($0, result) }) {
                    return .done
                }
                hasOpenedSomething = isAccepted
                if !isAccepted, result.outcomes.values.contains(.wrong) { kept = nil }
                continue
            }
            if !run.onlyTest,
                let held = try run.releasePrompts(
                    inventory, signals: signals, words: Output.error),
                told.insert(held).inserted
            {
                Output.error(held)
            }

            // What systemd asks for besides comes when no disk is left that a passphrase could open.
            let other = locked.isEmpty ? others.first : nil
            if let other, other.acceptsCached, kept != nil, answered.insert(other.socket).inserted {
                answer(other, kept)
                try waitForEnd(of: other, signals)
                continue
            }
            Output.promptText(
                other.map { "\($0.message) (asked by systemd) " }
                    ?? Self.question(locked, missing, isKept: kept != nil))
            prompt.echoes = other?.echoes ?? false
            let end = try prompt.read(
                from: keyboard, signals: signals, events: events, remindAt: reminders.nextAt
            ) {
                hasChanged(inventory, others, $0)
            }
            Output.error("")
            switch end {
            case .disturbed: continue
            case .interrupted, .ended, .signal: return .givenUp(opened: opened)
            case .submitted where prompt.isEmpty:
                if emptyLineMeansShell { return .shellWanted }
                Output.error("Nothing was typed. Ctrl-D ends without unlocking.")
            case .submitted where other != nil:
                guard let other else { continue }
                let secret: SharedSecret? = try prompt.takeSecret()
                answer(other, secret)
                try waitForEnd(of: other, signals)
            case .submitted:
                kept = try prompt.takeSecret()
                tried = []
            }
        }
    }

    private func answer(_ question: AskFile, _ secret: borrowing SharedSecret?) {
        do throws(SystemError) {
            switch secret {
            case .some(let secret):
                try secret.withBytes { bytes throws(SystemError) in
                    try SystemdPrompts().answer(question.socket, bytes)
                }
            case .none: return
            }
            run.recorder.record("answered systemd's question of process \(question.pid)")
            Output.error("Handed to systemd.")
        } catch {
            Output.error("systemd did not take it: \(error)")
        }
    }

    /// systemd takes its question away when it has the answer; the next one is another.
    private func waitForEnd(
        of question: AskFile, _ signals: borrowing SignalDescriptor
    ) throws(SystemError) {
        let deadline = Clock.now + .seconds(5)
        while Clock.now < deadline, SystemdPrompts().look().contains(question) {
            let interest = Poll.Interest(signals.number, .input)
            let ready = try Poll.wait([interest], until: Clock.now + .milliseconds(50))
            if ready[0].isReadable { return }
        }
    }

    private func lockedOnes(_ inventory: Inventory) -> [UnlockItem] {
        inventory.items.filter {
            $0.isLocked || $0.reopens || run.onlyTest && $0.isOpen && $0.device != nil
        }
    }

    private func isProven(_ item: UnlockItem, _ result: Attempt.Result) -> Bool {
        result.outcomes[item.name] == .proven
    }

    /// Says once about each device what a person must know before typing.
    private func introduce(_ inventory: Inventory, _ told: inout Set<String>) {
        for complaint in inventory.complaints where told.insert(complaint).inserted {
            run.recorder.record("\(complaint)")
            Output.error(complaint)
        }
        for item in inventory.items {
            switch item.state {
            case .locked: continue
            case .open:
                if told.insert(item.name).inserted { Output.line("\(item.name): open.") }
            // Said as long as they are, and since when.
            case .waitingForSource: continue
            case .leftToSystem, .failed:
                if told.insert(item.name + item.word).inserted {
                    Output.error("\(item.name): \(item.remark)")
                }
            }
        }
    }

    /// Says of what is missing since when it is.
    private func remind(of missing: [UnlockItem], _ reminders: inout Reminders) {
        let names = reminders.due(missing.map { $0.name }, at: Clock.now)
        for item in missing where names.contains(item.name) {
            Output.error("\(item.name): \(item.absence(at: Clock.now)).")
        }
    }

    /// Whether something happened that the person at the prompt should read.
    private func hasChanged(
        _ inventory: Inventory, _ others: [AskFile], _ occasion: PassphrasePrompt.Occasion
    ) -> Bool {
        if !run.onlyTest, SystemdPrompts().others(than: inventory.items) != others { return true }
        let open = Surroundings.openMappings()
        if inventory.items.contains(where: { $0.isLocked && open.contains($0.name) }) {
            return true
        }
        // Probing every device each second would keep slow disks busy.
        switch occasion {
        case .tick: return false
        case .review where !inventory.items.contains(where: { $0.isMissing }): return false
        case .review, .event: break
        }
        return run.take().items.map { $0.word } != inventory.items.map { $0.word }
    }

    private static func question(
        _ locked: [UnlockItem], _ missing: [UnlockItem], isKept: Bool
    ) -> String {
        let names = locked.map { $0.name }.joined(separator: ", ")
        if !locked.isEmpty { return "Passphrase for \(names): " }
        let absent = missing.map { $0.name }.joined(separator: ", ")
        return isKept
            ? "Waiting for \(absent), to be tried with the same passphrase; or type another: "
            : "Waiting for \(absent). Passphrase to try when it comes: "
    }

    private static func ending(_ inventory: Inventory) -> UnlockRun.Ending {
        let left = inventory.items.filter { item in
            if case .failed = item.state { true } else { false }
        }
        return left.isEmpty ? .done : .left(left.map { $0.name })
    }
}
