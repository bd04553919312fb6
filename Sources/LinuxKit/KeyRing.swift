import CLinux
import Glibc

/// The memory through which one process gives another what somebody types: a ring of bytes that both have mapped.
///
/// Unlike a terminal or a pipe it leaves nothing in the kernel's buffers: the reader overwrites each byte as it takes
/// it, and the writer overwrites everything before the memory is given back.
struct KeyRing: ~Copyable {
    /// A power of two, so that positions may overflow.
    static let capacity: UInt32 = 4096
    /// Two positions of 4 bytes, then the bytes.
    private static let offset = 64
    private static let size = offset + Int(capacity)

    let descriptor: FileDescriptor
    private let base: UnsafeMutableRawPointer
    /// Who made it overwrites what nobody took.
    private let isOwner: Bool

    init() throws(SystemError) {
        let opened = davit_secret_file(Self.size)
        guard opened >= 0 else { throw SystemError("make", "memory for what is typed") }
        try self.init(opened, isOwner: true)
    }

    init(adopting number: Int32) throws(SystemError) { try self.init(number, isOwner: false) }

    private init(_ number: Int32, isOwner: Bool) throws(SystemError) {
        let file = FileDescriptor(adopting: number)
        guard file.size >= Self.size,
            let mapped = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0),
            mapped != MAP_FAILED
        else { throw SystemError("map", "memory for what is typed") }
        descriptor = file
        base = mapped
        self.isOwner = isOwner
        _ = mlock(base, Self.size)
        _ = madvise(base, Self.size, MADV_DONTDUMP)
        _ = madvise(base, Self.size, MADV_DONTFORK)
    }

    deinit {
        if isOwner { explicit_bzero(base, Self.size) }
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

    /// Lends what nobody took, up to the end of the ring; `body` says how much of it is gone. For the writer, once the reader
    /// wants nothing more.
    borrowing func drain<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        let position = taken
        let start = place(position)
        let count = min(Int(min(written &- position, Self.capacity)), Self.size - start)
        guard count > 0 else { return }
        let gone = min(
            count, max(0, try body(UnsafeRawBufferPointer(start: base + start, count: count))))
        explicit_bzero(base + start, gone)
        base.storeBytes(
            of: position &+ UInt32(gone), toByteOffset: 4, as: UInt32.self)
    }

    private func place(_ position: UInt32) -> Int {
        Self.offset + Int(position & (Self.capacity - 1))
    }
}
