import CLinux
import Glibc

/// The memory through which one process gives another what somebody types: a ring of bytes that both have mapped.
///
/// Unlike a terminal or a pipe it leaves nothing in the kernel's buffers: the reader overwrites each byte as it takes
/// it, and both sides overwrite everything before the memory is given back.
struct KeyRing: ~Copyable {
    /// A power of two, so that positions may overflow.
    static let capacity: UInt32 = 4096
    /// Two positions of 4 bytes, then the bytes.
    private static let offset = 64
    private static let size = offset + Int(capacity)

    let descriptor: FileDescriptor
    private let base: UnsafeMutableRawPointer

    init() throws(SystemError) {
        let opened = davit_secret_file(Self.size)
        guard opened >= 0 else { throw SystemError("make", "memory for what is typed") }
        try self.init(adopting: opened)
    }

    init(adopting number: Int32) throws(SystemError) {
        let file = FileDescriptor(adopting: number)
        guard file.size >= Self.size,
            let mapped = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0),
            mapped != MAP_FAILED
        else { throw SystemError("map", "memory for what is typed") }
        descriptor = file
        base = mapped
        _ = mlock(base, Self.size)
        _ = madvise(base, Self.size, MADV_DONTDUMP)
        _ = madvise(base, Self.size, MADV_DONTFORK)
    }

    deinit {
        explicit_bzero(base, Self.size)
        munmap(base, Self.size)
    }

    /// Bytes written and bytes taken since the beginning. Each side stores one of them before it sends a message and
    /// loads the other after it received one, which orders the memory.
    private var written: UInt32 { base.load(as: UInt32.self) }
    private var taken: UInt32 { base.load(fromByteOffset: 4, as: UInt32.self) }

    var isEmpty: Bool { written == taken }

    /// - Returns: how many of `bytes` there was room for.
    borrowing func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        let start = written
        // The reader's position is its own word: it is not believed further than the ring is long.
        let room = Self.capacity - min(start &- taken, Self.capacity)
        let count = min(bytes.count, Int(room))
        for index in 0..<count {
            base.storeBytes(
                of: bytes[index], toByteOffset: place(start &+ UInt32(index)), as: UInt8.self)
        }
        base.storeBytes(of: start &+ UInt32(count), as: UInt32.self)
        return count
    }

    /// Takes the next byte out of the ring.
    borrowing func take() -> UInt8? {
        guard !isEmpty else { return nil }
        let position = taken
        let byte = base.load(fromByteOffset: place(position), as: UInt8.self)
        base.storeBytes(of: 0, toByteOffset: place(position), as: UInt8.self)
        base.storeBytes(of: position &+ 1, toByteOffset: 4, as: UInt32.self)
        return byte
    }

    private func place(_ position: UInt32) -> Int {
        Self.offset + Int(position & (Self.capacity - 1))
    }
}
