import CLinux
import Glibc

/// A secret that child processes read in place: locked memory behind a descriptor, wiped before it is given back.
///
/// Unlike a pipe it leaves no copy in the kernel's buffers, and unlike an argument nobody can list it.
package struct SharedSecret: ~Copyable {
    private let descriptor: FileDescriptor
    private let base: UnsafeMutableRawPointer
    private let isOwner: Bool
    /// The secret's length in bytes, at least 1.
    package let count: Int

    /// Makes a copy that can be shared; the original stays its owner's to wipe.
    /// - Throws: when it is empty or the kernel gives no memory.
    package init(copying secret: borrowing SecretBytes) throws(SystemError) {
        guard secret.count > 0 else { throw SystemError("share", "an empty secret", code: EINVAL) }
        let opened = davit_secret_file(secret.count)
        guard opened >= 0 else { throw SystemError("make", "a file in memory for a secret") }
        let file = FileDescriptor(adopting: opened)
        guard
            let mapped = mmap(
                nil, secret.count, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0),
            mapped != MAP_FAILED
        else { throw SystemError("map", "a secret") }
        descriptor = file
        base = mapped
        count = secret.count
        isOwner = true
        _ = mlock(base, count)
        _ = madvise(base, count, MADV_DONTDUMP)
        _ = madvise(base, count, MADV_DONTFORK)
        secret.withBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            mapped.copyMemory(from: source, byteCount: bytes.count)
        }
    }

    /// Takes over a descriptor that the parent process handed on (`ChildProcess.Request.extra`).
    /// - Throws: when there is no secret behind it.
    package init(adopting number: Int32) throws(SystemError) {
        let file = FileDescriptor(adopting: number)
        let size = file.size
        guard size > 0 else {
            throw SystemError("find", "a secret behind descriptor \(number)", code: EBADF)
        }
        guard let mapped = mmap(nil, size, PROT_READ, MAP_SHARED, number, 0),
            mapped != MAP_FAILED
        else { throw SystemError("map", "a secret") }
        descriptor = file
        base = mapped
        count = size
        isOwner = false
        _ = mlock(base, count)
        _ = madvise(base, count, MADV_DONTDUMP)
    }

    deinit {
        if isOwner { explicit_bzero(base, count) }
        munmap(base, count)
    }

    /// What a child needs to get it; valid as long as this value lives.
    package var number: Int32 { descriptor.number }

    /// The bytes; the pointer must not outlive the call.
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }
}
