import LinuxKit

/// Tells a person how the boot goes on, a line for each change, until there is something to decide.
package struct BootWatch {
    /// Why the watch ended.
    package enum End: Sendable, Equatable {
        /// A passphrase is asked for; by Debian's cryptroot, for that device.
        case passphraseWanted(device: String)
        /// The system has taken over.
        case systemRuns
        /// The person pressed Enter.
        case interrupted
        /// Nobody reads or types any more, or the person pressed Ctrl-C, or the server stops.
        case left
    }

    /// How often the machine is looked at: nothing announces what the processes of an initramfs do.
    private static let interval = Duration.milliseconds(400)

    private let say: (String) -> Void

    private let keyboard: Keyboard

    package init(_ keyboard: Keyboard, say: @escaping (String) -> Void) {
        self.keyboard = keyboard
        self.say = say
    }

    /// Watches until the end; `passphraseFor` are devices whose prompt is on its way out and no reason to stop.
    package func run(ignoringPromptFor patience: Duration) throws(SystemError) -> End {
        // The dialogue before has blocked them: who does not collect them holds up the server that ends.
        let signals = try SignalDescriptor([Signal.interrupt, Signal.terminate, Signal.hangup])
        let begun = Clock.now
        var told: BootStage?
        while true {
            let stage = BootStage.now
            if stage != told {
                say(stage.words)
                if stage == .rescueShell, let obstacle = Status.obstacle() { say(obstacle) }
                told = stage
            }
            switch stage {
            case .system: return .systemRuns
            case .passphrase(let device) where Clock.now - begun > patience,
                .heldPrompt(let device, _) where Clock.now - begun > patience:
                return .passphraseWanted(device: device)
            case .passphrase, .heldPrompt, .opening, .checking, .rescueShell, .rootDevice,
                .initramfs:
                break
            }
            if let end = try pause(signals) { return end }
        }
    }

    private func pause(_ signals: borrowing SignalDescriptor) throws(SystemError) -> End? {
        let interests = [Poll.Interest(keyboard.number, .input), .init(signals.number, .input)]
        let ready = try Poll.wait(interests, until: Clock.now + Self.interval)
        if ready[1].isReadable { return .left }
        guard ready[0].isReadable else { return nil }
        // With the terminal hidden every key arrives by itself, and Ctrl-D as a byte.
        switch keyboard.next() {
        case .nothing: return nil
        case .end, .byte(4): return .left
        case .byte(10), .byte(13): return .interrupted
        case .byte: return nil
        }
    }
}
