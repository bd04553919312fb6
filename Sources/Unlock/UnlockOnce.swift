import LinuxKit
import UnlockCore

/// The form for programs: a secret that is there already, tried on everything, late devices waited for.
package struct UnlockOnce {
    private let run: UnlockRun

    package init(_ run: UnlockRun) { self.run = run }

    /// Tries `secret` on what is locked and on what still comes within `wait`.
    package func callAsFunction(_ secret: borrowing SecretBytes) throws(SystemError)
        -> UnlockRun.Ending
    {
        let signals = try SignalDescriptor([Signal.interrupt, Signal.terminate, Signal.hangup])
        let shared: SharedSecret? = try SharedSecret(copying: secret)
        let events = DeviceNews()
        let deadline = Clock.now + run.wait
        var settled: [String: AttemptMachine.Outcome] = [:]
        var announced: Set<String> = []

        while true {
            let inventory = run.take()
            guard inventory.unknown.isEmpty else { return .unknown(inventory.unknown) }
            introduce(inventory, &announced)
            let wanted = inventory.items.filter { !$0.isLeftToSystem }
            // One that went away in the middle is tried when it is back.
            for item in wanted where item.isMissing { settled[item.name] = nil }
            guard !wanted.isEmpty || !inventory.items.isEmpty else { return .nothing }
            let fresh = wanted.filter {
                ($0.isLocked || $0.reopens || run.onlyTest && $0.isOpen && $0.device != nil)
                    && settled[$0.name] == nil
            }
            if !fresh.isEmpty {
                let result = try run.attempt(
                    fresh, of: inventory, shared, signals: signals, words: Output.error)
                for item in fresh {
                    guard let outcome = result.outcomes[item.name] else { continue }
                    settled[item.name] = outcome
                    Self.tell(item.name, outcome)
                }
                if result.signal != nil { return .givenUp(opened: Self.opened(settled)) }
                continue
            }
            if !run.onlyTest,
                let held = try run.releasePrompts(
                    inventory, signals: signals, words: Output.error),
                announced.insert(held).inserted
            {
                Output.error(held)
            }

            if run.onlyProof { return proof(settled) }
            let missing = wanted.filter { $0.isMissing }
            guard !missing.isEmpty, Clock.now < deadline else {
                let refused = inventory.items.filter { $0.isLeftToSystem }.map(\.name)
                return ending(wanted, missing, refused: refused, settled)
            }
            for item in missing where announced.insert(item.name).inserted {
                Output.error(
                    "\(item.name): \(item.absence(at: Clock.now)); waiting for it, \(run.wait.inWords) at most."
                )
            }
            guard try pause(events, signals, until: deadline) else {
                return .givenUp(opened: Self.opened(settled))
            }
        }
    }

    /// Says once what is wrong with the crypttab, and what is nobody's passphrase.
    private func introduce(_ inventory: Inventory, _ announced: inout Set<String>) {
        for complaint in inventory.complaints where announced.insert(complaint).inserted {
            run.recorder.record("\(complaint)")
            Output.error(complaint)
        }
        for item in inventory.items
        where item.isLeftToSystem && announced.insert(item.name).inserted {
            Output.error("\(item.name): \(item.remark)")
        }
    }

    /// Until something may have changed. - Returns: `false` when a signal ended it.
    private func pause(
        _ events: borrowing DeviceNews, _ signals: borrowing SignalDescriptor,
        until deadline: Duration
    ) throws(SystemError) -> Bool {
        let ready = try Poll.wait(
            [.init(signals.number, .input), .init(events.number, .input)],
            until: min(deadline, Clock.now + .seconds(1)))
        if signals.next() != nil { return false }
        if ready.count > 1, ready[1].isReadable { events.drain() }
        return true
    }

    /// `done` when the passphrase has opened or would open something by itself: what somebody else opened meanwhile
    /// says nothing about who typed this one.
    private func proof(_ settled: [String: AttemptMachine.Outcome]) -> UnlockRun.Ending {
        if settled.isEmpty { return .nothing }
        let isRight = settled.values.contains {
            switch $0 {
            case .opened, .openedByCryptroot, .openedBySystemd, .proven: true
            case .openedElsewhere, .wrong, .failed: false
            }
        }
        return isRight ? .done : .left(settled.keys.sorted())
    }

    private func ending(
        _ wanted: [UnlockItem], _ missing: [UnlockItem], refused: [String],
        _ settled: [String: AttemptMachine.Outcome]
    ) -> UnlockRun.Ending {
        // Who names what is left to the system has not got what was asked for.
        var left = run.names.isEmpty ? [] : refused
        for item in wanted where !item.isMissing {
            switch settled[item.name] {
            case .some(let outcome):
                if !(outcome.isOpen || outcome == .proven) { left.append(item.name) }
            case nil:
                if case .failed(let reason) = item.state {
                    Output.error("\(item.name): \(reason)")
                    left.append(item.name)
                } else if item.isOpen {
                    Output.line("\(item.name): open already.")
                }
            }
        }
        for item in missing {
            Output.error("\(item.name): \(item.absence(at: Clock.now)).")
        }
        if !left.isEmpty { return .left(left + missing.map { $0.name }) }
        return missing.isEmpty ? .done : .missing(missing.map { $0.name })
    }

    private static func opened(_ settled: [String: AttemptMachine.Outcome]) -> [String] {
        settled.filter { $0.value.isOpen }.map { $0.key }.sorted()
    }

    static func tell(_ name: String, _ outcome: AttemptMachine.Outcome) {
        if outcome.isOpen || outcome == .proven {
            Output.line(outcome.sentence(name))
        } else {
            Output.error(outcome.sentence(name))
        }
    }
}
