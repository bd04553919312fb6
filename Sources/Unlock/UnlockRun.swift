import LinuxKit
import Recorder
import UnlockCore

/// What `davit unlock` was asked for, and the way there that both of its forms share.
package struct UnlockRun: Sendable {
    /// Mappings, devices or UUIDs; empty means all.
    package var names: [String] = []
    package var sources = Inventory.Sources()
    /// Proves the passphrase and opens nothing.
    package var onlyTest = false
    /// Asks whether this passphrase is right for anything that is locked, not whether everything is open.
    package var onlyProof = false
    /// The secret is the content of a key file, and no passphrase.
    package var isKeyFile = false
    /// How long devices that are not there are waited for, where nobody sits at a terminal.
    package var wait = Duration.seconds(30)
    /// The longest that one key derivation may take.
    package var workerLimit = Duration.seconds(600)
    /// Waits for another attempt as long as that takes, and not only for one derivation.
    var isPatient = false

    package init() {}

    var recorder: Recorder { Recorder(component: .unlock) }

    /// How it ended for all devices together.
    package enum Ending: Equatable, Sendable {
        /// Everything that was asked for is open, or proven with `onlyTest`.
        case done
        /// There is no LUKS device here, and no crypttab names one.
        case nothing
        /// Some are not open: their names.
        case left([String])
        /// Some did not come in time: their names.
        case missing([String])
        case unknown([String])
        /// Ctrl-C, Ctrl-D or the end of the connection; the names of what was opened before it.
        case givenUp(opened: [String])
        /// Somebody pressed Enter at an empty line, where that means a shell.
        case shellWanted
    }

    /// Looks at everything and writes down what it sees.
    package func take() -> Inventory {
        var inventory = Inventory(of: names, in: sources)
        inventory.markReopening(Surroundings.observe())
        inventory.writeDown()
        return inventory
    }

    /// Tries `secret` on `items` of `inventory` under the lock.
    func attempt(
        _ items: [UnlockItem], of inventory: Inventory, _ secret: borrowing SharedSecret?,
        signals: borrowing SignalDescriptor, words: @escaping (String) -> Void
    ) throws(SystemError) -> Attempt.Result {
        try attempt(
            items, cryptroots: cryptroots(inventory), secret, signals: signals, words: words)
    }

    /// What Debian's cryptroot asks for and is locked, also where only some disks are named.
    private func cryptroots(_ inventory: Inventory) -> [String] {
        let all = names.isEmpty ? inventory : Inventory(in: sources)
        return all.items.filter { $0.isLocked && $0.target.origin == .cryptroot }.map { $0.name }
    }

    private func attempt(
        _ items: [UnlockItem], cryptroots: [String], _ secret: borrowing SharedSecret?,
        signals: borrowing SignalDescriptor, words: @escaping (String) -> Void
    ) throws(SystemError) -> Attempt.Result {
        let patience = isPatient ? nil : Clock.now + workerLimit
        let turn = try AttemptLock.take(until: patience, signals: signals) {
            holder in
            let process = holder.map { " (process \($0))" } ?? ""
            words("Another 'davit unlock'\(process) is trying a passphrase now; waiting for it.")
        }
        switch turn {
        case .taken(let lock):
            defer { withExtendedLifetime(lock) {} }
            return try attemptNow(items, cryptroots, secret, signals: signals, words: words)
        case .without:
            return try attemptNow(items, cryptroots, secret, signals: signals, words: words)
        case .timedOut: throw SystemError("get a turn after", "the other 'davit unlock'", code: 110)
        case .signal(let signal): return Attempt.Result(signal: signal)
        }
    }

    private func attemptNow(
        _ items: [UnlockItem], _ cryptroots: [String], _ secret: borrowing SharedSecret?,
        signals: borrowing SignalDescriptor, words: @escaping (String) -> Void
    ) throws(SystemError) -> Attempt.Result {
        let attempt = Attempt(
            items: items, cryptroots: cryptroots, onlyTest: onlyTest, isKeyFile: isKeyFile,
            workerLimit: workerLimit, recorder: recorder, words: words)
        return try attempt.run(secret, signals: signals)
    }

    /// Frees cryptroot from prompts for what is open already: an earlier `davit unlock` may have been killed.
    ///
    /// Not as long as something is locked that cryptroot would not ask for any more then.
    /// - Returns: what to tell about that.
    func releasePrompts(
        _ inventory: Inventory, signals: borrowing SignalDescriptor,
        words: @escaping (String) -> Void
    ) throws(SystemError) -> String? {
        let seen = Surroundings.observe()
        guard let asking = seen.asking, seen.open.contains(asking.name),
            !inventory.items.contains(where: { $0.name == asking.name && $0.reopens })
        else { return nil }
        let locked = cryptroots(inventory)
        guard locked.isEmpty else {
            return
                "\(asking.name) is open, yet the boot scripts still ask for it. They go on when \(locked.joined(separator: ", ")) is open, too; without that 'davit boot' lets them."
        }
        words("\(asking.name) is open, yet the boot scripts still ask for it; releasing them.")
        try release(signals, words)
        return nil
    }

    /// What became of cryptroot's prompt for a device that is open, by the device's name.
    package enum PromptEnd: Equatable, Sendable {
        /// There is no such prompt.
        case none
        case ended(String)
        /// It would come back for ever, so nothing was done.
        case endless(String)
        case stands(String)
    }

    /// Ends cryptroot's prompts for a device that is open, whatever else is locked.
    package func endPrompts() throws(SystemError) -> PromptEnd {
        guard let asking = Self.heldPrompt else { return .none }
        guard !Askpass.isEndless(asking) else { return .endless(asking.name) }
        let signals = try SignalDescriptor([Signal.interrupt, Signal.terminate])
        try release(signals) { Output.line($0) }
        return Self.heldPrompt?.name == asking.name ? .stands(asking.name) : .ended(asking.name)
    }

    private static var heldPrompt: AttemptMachine.Asking? {
        let seen = Surroundings.observe()
        return seen.asking.flatMap { seen.open.contains($0.name) ? $0 : nil }
    }

    private func release(
        _ signals: borrowing SignalDescriptor, _ words: @escaping (String) -> Void
    ) throws(SystemError) {
        let none: SharedSecret? = nil
        _ = try attempt([], cryptroots: [], none, signals: signals, words: words)
    }
}

extension AttemptMachine.Outcome {
    /// What a person reads about one device.
    func sentence(_ name: String) -> String {
        switch self {
        case .opened: "\(name): open."
        case .openedByCryptroot, .openedBySystemd: "\(name): open, and the boot goes on."
        case .openedElsewhere: "\(name): open; it was opened at the console or in another session."
        case .proven: "\(name): the passphrase is right."
        case .wrong: "\(name): no key slot opens with this passphrase."
        case .failed(let reason): "\(name): \(reason)"
        }
    }
}
