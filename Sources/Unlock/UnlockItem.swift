import CryptKit
import JSONKit
import LinuxKit
import UnlockCore

/// One device that is to be opened, as it stands now.
package struct UnlockItem: Sendable, Equatable {
    /// What `davit unlock --list` and the state files call it.
    package enum State: Sendable, Equatable {
        /// Its device, or its detached header, is not there.
        case waitingForSource(missing: String)
        case locked
        /// `as` is the mapping's name, which need not be the one that was wanted.
        case open(as: String)
        /// Not a matter of passphrases; the reason is a sentence.
        case leftToSystem(String)
        /// It is there and cannot be opened; the reason is a sentence.
        case failed(String)
    }

    package let target: UnlockTarget
    package let state: State
    /// The device that was found, such as /dev/sda2.
    package let device: String?
    /// Its detached header, where it has one and it is there.
    package let header: String?
    /// The header's kind and the costliest keyslot, where a header was read.
    package let type: String?
    package let costliest: Keyslot?
    /// When its state began, in time since boot, as far as davit saw; `nil` where nobody has looked that up.
    package var since: Duration?
    /// cryptroot asks for it for ever although it is open.
    package var reopens = false

    init(
        target: UnlockTarget, state: State, device: String?, header: String? = nil, type: String?,
        costliest: Keyslot?
    ) {
        self.target = target
        self.state = state
        self.device = device
        self.header = header
        self.type = type
        self.costliest = costliest
    }

    package var name: String { target.name }
    package var isLocked: Bool { state == .locked }
    package var isMissing: Bool {
        if case .waitingForSource = state { true } else { false }
    }
    package var isLeftToSystem: Bool {
        if case .leftToSystem = state { true } else { false }
    }
    package var isOpen: Bool { if case .open = state { true } else { false } }

    /// What is missing, and for how long, where that is worth a word.
    func absence(at now: Duration) -> String {
        guard let since, now - since >= .seconds(1) else { return remark }
        return "\(remark) (for \((now - since).inWords))"
    }

    /// The state in the words of the state files.
    package var word: String {
        switch state {
        case .waitingForSource: "waiting-for-source"
        case .locked: "locked"
        case .open: "open"
        case .leftToSystem: "left-to-system"
        case .failed: "failed"
        }
    }

    /// What a person should know beyond the word.
    package var remark: String {
        switch state {
        case .waitingForSource(let missing): "\(missing) is not there yet"
        case .locked:
            costliest.map { slot in
                slot.memoryKiB > 0
                    ? "\(slot.derivation) with \(slot.memoryKiB / 1024) MiB" : slot.derivation
            }
                ?? (target.entry.options.format == .tcrypt
                    ? "TrueCrypt or VeraCrypt, without Kuznyechik and Streebog" : "")
        case .open(let name): name == target.name ? "" : "as /dev/mapper/\(name)"
        case .leftToSystem(let reason), .failed(let reason): reason
        }
    }
}
