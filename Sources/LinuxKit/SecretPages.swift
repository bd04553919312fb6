import CLinux
import Glibc

/// Memory for secrets: locked, and left out of core dumps and of forked children. Its owner overwrites what it wrote.
struct SecretPages: ~Copyable {
    let base: UnsafeMutableRawPointer
    let count: Int

    /// When memory is locked, and so taken.
    enum Locking {
        case atOnce
        /// Page by page, for room that is rarely filled. Source: mlock2(2), MLOCK_ONFAULT; Linux 4.4.
        case whenUsed
    }

    /// - Throws: when the kernel gives no memory. A limit on locked memory is no error: it is then not locked.
    init(count wanted: Int, _ locking: Locking) throws(SystemError) {
        let count = max(1, wanted)
        let mapped = mmap(
            nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw SystemError("allocate", "\(count) bytes for a secret")
        }
        switch locking {
        case .atOnce: _ = mlock(mapped, count)
        case .whenUsed: _ = davit_lock_when_used(mapped, count)
        }
        _ = madvise(mapped, count, MADV_DONTDUMP)
        // Linux 4.14: a child that is forked while this lives finds zeros here.
        _ = madvise(mapped, count, MADV_WIPEONFORK)
        base = mapped
        self.count = count
    }

    deinit { munmap(base, count) }
}
