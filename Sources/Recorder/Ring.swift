import CLinux
import Glibc
import LinuxKit

/// The flight recorder's memory, `$DAVIT_RUN/recorder`: a ring that all of davit's processes write at once without a lock,
/// and that can be read whatever has become of them.
///
/// A header, then slots of 128 bytes; an entry has one for 88 bytes of text, and more for more. Who writes takes numbers for
/// them with one atomic addition, fills them, and publishes each by storing its number last; a CRC32C tells a torn slot.
/// What is oldest is overwritten. The layout is in recorder.c.
final class Ring: Sendable {
    /// Slots of a new ring, the first for which there is room: 1 MiB, 128 KiB, 16 KiB.
    private static let sizes = [8192, 1024, 128]
    /// The part of the free room of /run that a new ring takes at most.
    private static let share: UInt64 = 4
    private static let headerSize = Int(davit_ring_header_size)
    private static let slotSize = Int(davit_slot_size)

    let memory: Memory
    private let length: Int

    /// The ring of a directory, made when there is none.
    /// - Throws: `.otherVersion`, `.damaged`; `.unreachable` when there is no room, or the directory cannot be written.
    init(joining directory: String) throws(RecorderError) {
        let path = Self.path(in: directory)
        let (ring, length) = try Self.map(path)
        memory = Memory(ring: ring)
        self.length = length
    }

    deinit { munmap(memory.ring.base, length) }

    /// Where the ring is mapped, for as long as the `Ring` lives: who writes often asks this, for counting the references of the
    /// other takes longer than writing.
    struct Memory: @unchecked Sendable {
        // Unchecked: what it points to is changed only by the atomic operations of recorder.c.
        fileprivate let ring: davit_ring

        /// Writes one entry; the first `name` bytes of `text` are what it is about. Never waits, never fails.
        func write(_ event: davit_event, _ text: String, name: Int) {
            // A String that Swift made is UTF-8 in one piece; asked in this way it is not copied.
            text.utf8.withContiguousStorageIfAvailable { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    if let base = characters.baseAddress {
                        davit_ring_write(ring, event, base, name, characters.count)
                    }
                }
            }
        }

        /// Whether one more of all processes' important entries may go where there is little room.
        func allows(_ most: UInt32, inSeconds seconds: UInt32) -> Bool {
            davit_ring_allows(ring, most, seconds)
        }
    }

    static func path(in directory: String) -> String { directory + "/recorder" }

    /// CRC32C of `bytes`, going on from that of what is before them.
    static func checksum(_ bytes: [UInt8], after start: UInt32 = 0) -> UInt32 {
        davit_crc32c(start, bytes, bytes.count)
    }

    private static func map(_ path: String) throws(RecorderError) -> (davit_ring, Int) {
        let file: FileDescriptor
        do throws(SystemError) {
            if !Files.exists(path) { try make(path) }
            file = try FileDescriptor(opening: path, O_RDWR)
        } catch {
            throw .unreachable(error)
        }
        let length = file.size
        // A file without room for its pages would end the process that writes into it (SIGBUS).
        guard length > 0, !file.hasHoles else { throw .damaged(path: path) }
        guard let base = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0),
            base != MAP_FAILED
        else { throw .unreachable(SystemError("map", path)) }
        var version: UInt32 = 0
        let ring = davit_ring_adopt(base, length, &version)
        guard ring.slots > 0 else {
            munmap(base, length)
            throw RecorderError(path, version: version)
        }
        return (ring, length)
    }

    /// Makes the file whole and only then gives it its name, which another process may have given meanwhile.
    private static func make(_ path: String) throws(SystemError) {
        let fresh = "\(path).\(getpid()).new"
        defer { unlink(fresh) }
        var lacking = SystemError("make", path, code: ENOSPC)
        for slots in sizes {
            let length = headerSize + slots * slotSize
            let room = Files.room(at: String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
            // No room at all is what ramfs says, too, which has no limit; a full tmpfs refuses all of them below.
            let isTooMuch = room.map { $0 > 0 && $0 / share < UInt64(length) } ?? false
            guard slots == sizes.last || !isTooMuch else { continue }
            do throws(SystemError) {
                let file = try FileDescriptor(
                    opening: fresh, O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
                // All its pages, now; ramfs knows no fallocate(2), and a confined process must not call it.
                if davit_allocate(file.number, off_t(length)) != 0 {
                    try file.write([UInt8](repeating: 0, count: length))
                }
                var header = [UInt8](repeating: 0, count: headerSize)
                header.withUnsafeMutableBytes { bytes in
                    if let base = bytes.baseAddress { davit_ring_make(base, UInt32(slots)) }
                }
                guard lseek(file.number, 0, SEEK_SET) == 0 else { throw SystemError("make", path) }
                try file.write(header)
            } catch {
                lacking = SystemError("make", path, code: error.code)
                continue
            }
            guard davit_rename_without_replacing(fresh, path) == 0 || errno == EEXIST else {
                throw SystemError("make", path)
            }
            return
        }
        throw lacking
    }
}

extension FileDescriptor {
    /// Whether the file has fewer blocks than bytes.
    fileprivate var hasHoles: Bool {
        var status = stat()
        return fstat(number, &status) != 0 || Int(status.st_blocks) * 512 < Int(status.st_size)
    }
}
