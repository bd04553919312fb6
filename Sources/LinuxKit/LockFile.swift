import CLinux
import Glibc

/// A lock that one process holds as long as it lives: flock(2) on a file that names the holder.
///
/// The kernel gives it up with the process, so that SIGKILL leaves no stale lock.
package struct LockFile: ~Copyable {
    private let file: FileDescriptor

    /// As long as others may be looking who holds it, one after the other, on a machine that lets them wait while they do.
    private static let patience = Duration.seconds(30)

    /// Takes the lock, or gives `nil` when somebody holds it. The directory must be there.
    package init?(taking path: String) throws(SystemError) {
        let deadline = Clock.now + Self.patience
        while true {
            let opened = try FileDescriptor(opening: path, O_RDWR | O_CREAT, mode: 0o644)
            guard try Self.take(opened.number, path, until: deadline) else { return nil }
            // Who held it before may have removed the file: a lock on what has no name any more keeps nobody out.
            guard Self.isSame(opened.number, path) else { continue }
            // The lock is what counts; on a full /run its holder stays unnamed.
            _ = ftruncate(opened.number, 0)
            try? opened.write("\(getpid())\n")
            file = opened
            return
        }
    }

    /// At once, also when a child that is being started has a copy of the descriptor until its program runs.
    deinit {
        _ = ftruncate(file.number, 0)
        flock(file.number, LOCK_UN)
    }

    private static func take(
        _ file: Int32, _ path: String, until deadline: Duration
    ) throws(SystemError) -> Bool {
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else { throw SystemError("lock", path) }
            // Those who only look (`isHeld`) share it for a moment; with a holder nobody shares it.
            guard flock(file, LOCK_SH | LOCK_NB) == 0, Clock.now < deadline else { return false }
            flock(file, LOCK_UN)
            // flock(2) has no descriptor to poll for.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(5))
        }
        return true
    }

    private static func isSame(_ file: Int32, _ path: String) -> Bool {
        var (opened, named) = (stat(), stat())
        return fstat(file, &opened) == 0 && stat(path, &named) == 0
            && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
    }

    // MARK: Looking

    /// Whether some process holds the lock at `path` now, named or not.
    package static func isHeld(_ path: String) -> Bool {
        guard let file = try? FileDescriptor(opening: path, O_RDONLY) else { return false }
        return isHeld(file.number)
    }

    private static func isHeld(_ file: Int32) -> Bool { flock(file, LOCK_SH | LOCK_NB) != 0 }

    /// The process that holds the lock at `path` now; `nil` when nobody does, or when nothing tells who.
    package static func holder(_ path: String) -> Int32? {
        guard let file = try? FileDescriptor(opening: path, O_RDONLY) else { return nil }
        // Who has just taken it has not written its number yet.
        for _ in 0..<25 {
            guard isHeld(file.number) else { return nil }
            if let pid = listed(file.number) ?? Files.text(path).flatMap({ Int32($0) }) {
                return pid
            }
            _ = try? Poll.wait([], until: Clock.now + .milliseconds(20))
        }
        return nil
    }

    /// The holder as the kernel lists it: what stands in the file may still be the number of one that was killed, which
    /// may have come to mean another process. `nil` where the list has other numbers for devices than stat(2), as with
    /// overlayfs. Source: linux fs/locks.c, lock_get_status.
    private static func listed(_ file: Int32) -> Int32? {
        var status = stat()
        guard fstat(file, &status) == 0, let list = Files.text("\(Roots.proc)/locks") else {
            return nil
        }
        let device = [davit_major(status.st_dev), davit_minor(status.st_dev)]
        for line in list.split(separator: "\n") {
            // 12: FLOCK  ADVISORY  WRITE 1234 00:1a:5678 0 EOF
            let words = line.split(separator: " ")
            guard words.count > 5, words[1] == "FLOCK", words[3] == "WRITE" else { continue }
            let place = words[5].split(separator: ":")
            guard place.count == 3, place[..<2].map({ UInt32($0, radix: 16) }) == device,
                UInt64(place[2]) == UInt64(status.st_ino), let pid = Int32(words[4]), pid > 0
            else { continue }
            return pid
        }
        return nil
    }
}
