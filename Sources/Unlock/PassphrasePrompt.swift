import LinuxKit
import UnlockCore

/// One line typed without echo, while the world is watched.
struct PassphrasePrompt: ~Copyable {
    /// Why reading stopped.
    enum End: Equatable {
        /// Enter; the secret may be empty.
        case submitted
        /// Ctrl-C, on a terminal that makes no signal of it.
        case interrupted
        /// Ctrl-D on an empty line, or the terminal is gone.
        case ended
        /// A signal for this process.
        case signal(Int32)
        /// Something happened outside; what is typed stays.
        case disturbed
    }

    /// libcryptsetup's limit for a passphrase that is typed. Source: cryptsetup src/utils_password.c.
    static let limit = 512

    private var typed: SecretBytes
    /// Whether what is typed is shown: for questions that ask for no secret.
    var echoes = false

    init() throws(SystemError) { typed = try SecretBytes(capacity: Self.limit) }

    /// What may have changed when the world is looked at.
    enum Occasion {
        /// Something that a look at small files shows: a second has passed.
        case tick
        /// The kernel announced nothing, yet it is time to look at everything anew.
        case review
        /// The kernel announced a device.
        case event
    }

    /// How long nobody relies on the kernel's announcements alone.
    private static let reviewInterval = Duration.seconds(10)

    /// Reads until a line is complete or `hasChanged`, asked at every event and every second, says so, or it is time for a
    /// reminder and nothing is typed.
    mutating func read(
        from keyboard: Keyboard, signals: borrowing SignalDescriptor,
        events: borrowing DeviceNews, remindAt: Duration? = nil, hasChanged: (Occasion) -> Bool
    ) throws(SystemError) -> End {
        var reviewAt = Clock.now + Self.reviewInterval
        while true {
            let ready = try Poll.wait(
                [
                    .init(keyboard.number, .input), .init(signals.number, .input),
                    .init(events.number, .input),
                ], until: Clock.now + .seconds(1))
            if let signal = signals.next() { return .signal(signal) }
            var occasion = Occasion.tick
            if ready[2].isReadable {
                events.drain()
                occasion = .event
            } else if Clock.now >= reviewAt {
                occasion = .review
            }
            if ready[0].isReadable {
                if let end = take(from: keyboard) { return end }
            } else if hasChanged(occasion) || isEmpty && remindAt.map({ Clock.now >= $0 }) ?? false
            {
                return .disturbed
            }
            if Clock.now >= reviewAt { reviewAt = Clock.now + Self.reviewInterval }
        }
    }

    /// A copy for the workers; what was typed is wiped.
    mutating func takeSecret() throws(SystemError) -> SharedSecret {
        let secret = try SharedSecret(copying: typed)
        typed.removeAll()
        return secret
    }

    var isEmpty: Bool { typed.count == 0 }

    /// One byte at a time: what follows the line is not ours to read.
    private mutating func take(from keyboard: Keyboard) -> End? {
        let byte: UInt8
        switch keyboard.next() {
        case .nothing: return nil
        case .end: return .ended
        case .byte(let typed): byte = typed
        }
        switch Keystroke(byte) {
        case .text(let byte):
            if !typed.append(byte) { typed.removeAll() }
            if echoes { Output.echo(byte) }
        case .erase: eraseCharacter()
        case .eraseAll: typed.removeAll()
        case .submit: return .submitted
        case .interrupt: return .interrupted
        case .end: return isEmpty ? .ended : .submitted
        case .ignored: break
        }
        return nil
    }

    /// A character of UTF-8 goes as a whole.
    private mutating func eraseCharacter() {
        while let last = typed.last, last & 0xC0 == 0x80 { typed.removeLast() }
        typed.removeLast()
    }
}
