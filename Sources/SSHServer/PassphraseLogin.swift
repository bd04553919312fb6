import LinuxKit

/// A passphrase that was typed to log in: tried on the locked disks by `davit unlock`, in a process of its own.
///
/// It lets in when it opened something, by itself and now. Strangers may make this machine derive keys, and so one
/// passphrase is tried at a time, whoever typed it, and after a wrong one nobody's for as long again: half of the
/// time, and of the turns at the disks, is left to those who have logged in.
final class PassphraseLogin {
    enum Verdict: Equatable {
        case right
        case wrong
        /// There is no locked disk to try it on.
        case nothingLocked
        /// Somebody else's is being tried.
        case busy
        case failed(String)

        var words: String {
            switch self {
            case .right: "it is right"
            case .wrong: "it opens nothing that is locked"
            case .nothingLocked: "nothing is locked, so that it proves nothing"
            case .busy: "another one was being tried"
            case .failed: "it could not be tried"
            }
        }
    }

    private static let patienceForTurn = Duration.seconds(20)
    private static let longestPause = Duration.seconds(10)
    private static let look = Duration.milliseconds(100)

    private let secret: SharedSecret
    private let begun = Clock.now
    private var turn: LockFile?
    private var child: ChildProcess?
    private var startedAt = Duration.zero
    /// A wrong passphrase is answered then.
    private var pausedUntil: Duration?

    /// - Throws: when there is no memory for the secret, or it is empty.
    init(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var typed = try SecretBytes(capacity: max(1, bytes.count))
        for byte in bytes { _ = typed.append(byte) }
        secret = try SharedSecret(copying: typed)
    }

    var interest: Poll.Interest { .init(child?.descriptor ?? -1, .input) }

    var deadline: Duration? { child == nil ? pausedUntil ?? Clock.now + Self.look : nil }

    /// Goes on as far as possible; the verdict once there is one.
    func advance() -> Verdict? {
        if let pausedUntil { return Clock.now >= pausedUntil ? .wrong : nil }
        do throws(SystemError) {
            guard child != nil else { return try begin() }
            guard let exit = child?.poll() else { return nil }
            child = nil
            return verdict(exit)
        } catch {
            return .failed("\(error)")
        }
    }

    private func begin() throws(SystemError) -> Verdict? {
        if turn == nil {
            turn = try LockFile(taking: SessionFile.directory() + "/passphrase.lock")
            guard turn != nil else {
                return Clock.now - begun > Self.patienceForTurn ? .busy : nil
            }
        }
        var request = ChildProcess.Request.davit(["unlock", "--proof", "--wait", "0"])
        request.input = secret.number
        startedAt = Clock.now
        child = try ResourceLimits.lifted { () throws(SystemError) in
            try ChildProcess(starting: request)
        }
        return nil
    }

    private func verdict(_ exit: ChildProcess.Exit) -> Verdict? {
        switch exit {
        case .code(0): return .right
        case .code(2): return .nothingLocked
        case .code(1), .code(99):
            pausedUntil = Clock.now + min(Self.longestPause, Clock.now - startedAt)
            return nil
        case .code, .signal: return .failed("'davit unlock' ended with \(exit)")
        }
    }
}
