import CLinux
import Glibc

/// A lock that one process holds as long as it lives: flock(2) on a file that names the holder.
///
/// The kernel gives it up with the process, so that SIGKILL leaves no stale lock.
package struct LockFile: ~Copyable {
    private let file: FileDescriptor

    /// As long as others may be looking who holds it, one after the other.
    private static let patience = Duration.milliseconds(500)

    /// Takes the lock, or gives `nil` when somebody holds it. The directory must be there.
    package init?(taking path: String) throws(SystemError) {
        let opened = try FileDescriptor(opening: path, O_RDWR | O_CREAT, mode: 0o644)
        let deadline = Clock.now + Self.patience
        while flock(opened.number, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else { throw SystemError("lock", path) }
            // Those who only look (`holder`) share it for a moment; with a holder nobody shares it.
            guard flock(opened.number, LOCK_SH | LOCK_NB) == 0, Clock.now < deadline else {
                return nil
            }
            flock(opened.number, LOCK_UN)
            // flock(2) has no descriptor to poll for.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(5))
        }
        // The lock is what counts; on a full /run its holder stays unnamed.
        _ = ftruncate(opened.number, 0)
        try? opened.write("\(getpid())\n")
        file = opened
    }

    /// The process that holds the lock at `path` now, or `nil` when nobody does.
    package static func holder(_ path: String) -> Int32? {
        guard let file = try? FileDescriptor(opening: path, O_RDONLY) else { return nil }
        // Who has just taken it has not written its number yet.
        for _ in 0..<5 {
            if flock(file.number, LOCK_SH | LOCK_NB) == 0 { return nil }
            if let pid = Files.text(path).flatMap({ Int32($0) }) { return pid }
            _ = try? Poll.wait([], until: Clock.now + .milliseconds(20))
        }
        return nil
    }
}
