import JSONKit
import LinuxKit

/// `$DAVIT_RUN/unlock/NAME.json`: what is known about one device, for `davit status` and the next `davit unlock`.
///
/// Members: `name`, `source`, `device` (found now, or null), `state` (`waiting-for-source`, `locked`, `trying`, `open`,
/// `left-to-system`, `failed`), `since` (milliseconds since boot at which the state began, as far as davit saw; what an
/// initramfs lacks when it is looked at first is missing since the boot),
/// `missing` (what is waited for, or null), `tries` (passphrases tried by davit), `lastError`, `openedBy` (`davit`,
/// `cryptroot` or `systemd` when these opened it with the passphrase that davit handed on, `other`, or null).
enum StateFile {
    static var directory: String { Roots.run + "/unlock" }

    /// Who opened it.
    enum Opener: String { case davit, cryptroot, systemd, other }

    /// Changes that an attempt makes beside the state.
    struct Change {
        var word: String?
        var isTry = false
        var error: String?
        var opener: Opener?
    }

    /// Writes the state of `item`. `since` stays while the state does. A full or read-only /run is no reason to stop
    /// unlocking, so nothing is thrown.
    @discardableResult
    static func update(_ item: UnlockItem, _ change: Change = Change()) -> JSON {
        let path = "\(directory)/\(fileName(item.name)).json"
        let before = Files.text(path).flatMap { try? JSON(parsing: $0) }
        // Whoever only looks does not take the word from who is trying.
        if change.word == nil, item.isLocked, let before, before["state"]?.string == "trying",
            LockFile.isHeld(AttemptLock.path)
        {
            return before
        }
        let state = change.word ?? item.word
        let isSame = before?["state"]?.string == state
        let beganNow = before == nil && item.isMissing && Host.isInitramfs ? .zero : Clock.now
        var error = change.error ?? before?["lastError"]?.string
        if state == "open" { error = nil }
        if case .failed(let reason) = item.state { error = reason }
        var opener = change.opener?.rawValue
        if state == "open" { opener = opener ?? before?["openedBy"]?.string ?? "other" }
        var missing: String?
        if case .waitingForSource(let what) = item.state, state == item.word { missing = what }

        let content: JSON = [
            "name": .string(item.name),
            "source": .string(item.target.entry.source),
            "device": JSON(item.device),
            "state": .string(state),
            "since": JSON((isSame ? before?["since"]?.int : nil) ?? Int(beganNow.milliseconds)),
            "missing": JSON(missing),
            "tries": .number((before?["tries"]?.int ?? 0) + (change.isTry ? 1 : 0)),
            "lastError": JSON(error),
            "openedBy": JSON(opener),
        ]
        // What was misspelt would be waited for in every status from now on.
        let isGuess = item.target.origin == .named && item.isMissing
        guard content != before, !isGuess else { return content }
        do throws(SystemError) {
            try Files.makeDirectory(directory, mode: 0o750)
            try Files.replace(path, with: content.pretty + "\n", mode: 0o640)
        } catch {
            // Said once by whoever lists; the unlocking itself goes on.
        }
        return content
    }

    /// A mapping's name holds no slash, but may begin with a dot.
    private static func fileName(_ name: String) -> String {
        name.hasPrefix(".") ? "_" + name : name
    }
}
