import CLinux
import Glibc

/// The end of the process that a person types to.
package struct KeyReader: ~Copyable {
    /// Messages: from the reader, that it wants nothing more; from the writer, that nothing more comes.
    static let released = UInt8(ascii: "r")
    static let ended = UInt8(ascii: "e")

    private let ring: KeyRing
    private let socket: FileDescriptor
    private var hasEnded = false

    /// `nil` unless a parent process gave this one such a stream.
    package init?(inherited variable: String? = Environment["DAVIT_KEYS"]) {
        guard variable == "3" else { return nil }
        self.init(of: 3)
        // Not for the children of this process.
        _ = davit_fcntl(3, F_SETFD, FD_CLOEXEC)
        unsetenv("DAVIT_KEYS")
    }

    /// Takes over the writer's `childDescriptor`.
    package init?(of number: Int32) {
        let received = davit_receive_descriptor(number)
        guard received >= 0, let ring = try? KeyRing(adopting: received) else { return nil }
        self.ring = ring
        socket = FileDescriptor(adopting: number)
    }

    /// To be polled for input before `next`.
    package var number: Int32 { socket.number }

    package enum Next: Equatable, Sendable {
        case byte(UInt8)
        case nothing
        case end
    }

    /// The next byte, never waiting. Messages are taken only when the ring is empty, so that a poll wakes as long as there is something.
    package mutating func next() -> Next {
        if let byte = take() { return .byte(byte) }
        while !hasEnded {
            let heard = try? socket.read(atMost: 16)
            switch heard {
            case .bytes(let bytes): if bytes.contains(Self.ended) { hasEnded = true }
            case .end, nil: hasEnded = true
            case .wouldBlock:
                if let byte = take() { return .byte(byte) }
                return .nothing
            }
        }
        if let byte = take() { return .byte(byte) }
        return .end
    }

    private func take() -> UInt8? {
        let byte = ring.take()
        // There may be more than the ring holds.
        if byte != nil, ring.isEmpty { socket.send(message: 0) }
        return byte
    }

    /// Lets what was not taken, and what is typed from now on, go to the terminal. Without it what was not taken is
    /// dropped at the end: it may be a passphrase that came too late.
    package borrowing func release() { socket.send(message: Self.released) }
}
